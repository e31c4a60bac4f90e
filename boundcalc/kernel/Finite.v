(* Finite probability: the union bound, the account of delta, and Markov's step, on sums over finitely many outcomes. *)
From Coq Require Import Reals Lra Psatz Bool List.
Import ListNotations.
Open Scope R_scope.

(* The sum of f over the outcomes 0, ..., n - 1. *)
Fixpoint total (f : nat -> R) (n : nat) : R :=
  match n with O => 0 | S k => total f k + f k end.

Definition indicator (b : bool) : R := if b then 1 else 0.

(* The probability of an event and the expectation of a number, under weights on n outcomes. *)
Definition probability (weight : nat -> R) (n : nat) (event : nat -> bool) : R :=
  total (fun i => weight i * indicator (event i)) n.
Definition expectation (weight : nat -> R) (n : nat) (value : nat -> R) : R :=
  total (fun i => weight i * value i) n.

Lemma total_le : forall f g n, (forall i, (i < n)%nat -> f i <= g i) -> total f n <= total g n.
Proof.
  intros f g n H. induction n as [| n IH]; simpl; [lra |].
  assert (total f n <= total g n) by (apply IH; intros i I; apply H; lia).
  assert (f n <= g n) by (apply H; lia). lra.
Qed.

Lemma total_plus : forall f g n, total (fun i => f i + g i) n = total f n + total g n.
Proof. intros f g n. induction n as [| n IH]; simpl; [lra | rewrite IH; lra]. Qed.

Lemma total_scaled : forall c f n, total (fun i => c * f i) n = c * total f n.
Proof. intros c f n. induction n as [| n IH]; simpl; [lra | rewrite IH; lra]. Qed.

Lemma total_constant : forall c n, total (fun _ => c) n = INR n * c.
Proof. intros c n. induction n as [| n IH]; [simpl; lra | rewrite S_INR; simpl total; rewrite IH; lra]. Qed.

Lemma total_equal : forall f g n, (forall i, (i < n)%nat -> f i = g i) -> total f n = total g n.
Proof.
  intros f g n H. induction n as [| n IH]; simpl; [reflexivity |].
  rewrite IH by (intros i I; apply H; lia). rewrite H by lia. reflexivity.
Qed.

Lemma total_swap : forall (f : nat -> nat -> R) n k,
  total (fun j => total (fun i => f i j) n) k = total (fun i => total (f i) k) n.
Proof.
  intros f n k. induction k as [| k IH]; simpl; [rewrite total_constant; lra |].
  rewrite IH. symmetry. apply total_plus.
Qed.

(* The sum over the members of a list. *)
Definition over {A : Type} (f : A -> R) (members : list A) : R :=
  fold_right (fun member rest => f member + rest) 0 members.

Lemma over_equal : forall A (f g : A -> R) members,
  (forall x, In x members -> f x = g x) -> over f members = over g members.
Proof.
  intros A f g members H. induction members as [| x rest IH]; simpl; [reflexivity |].
  rewrite H by (left; reflexivity). rewrite IH; [reflexivity |]. intros y Y. apply H. right. exact Y.
Qed.

Lemma over_scaled : forall A c (f : A -> R) members, over (fun x => c * f x) members = c * over f members.
Proof. intros A c f members. induction members as [| x rest IH]; simpl; [lra | rewrite IH; lra]. Qed.

Lemma over_nonneg : forall A (f : A -> R) members, (forall x, In x members -> 0 <= f x) -> 0 <= over f members.
Proof.
  intros A f members H. induction members as [| x rest IH]; simpl; [lra |].
  assert (0 <= f x) by (apply H; left; reflexivity).
  assert (0 <= over f rest) by (apply IH; intros y Y; apply H; right; exact Y). lra.
Qed.

Lemma over_le : forall A (f g : A -> R) members, (forall x, In x members -> f x <= g x) -> over f members <= over g members.
Proof.
  intros A f g members H. induction members as [| x rest IH]; simpl; [lra |].
  apply Rplus_le_compat; [apply H; left; reflexivity | apply IH; intros y Y; apply H; right; exact Y].
Qed.

Lemma over_app : forall A (f : A -> R) first second, over f (first ++ second) = over f first + over f second.
Proof. intros A f first second. induction first as [| x rest IH]; simpl; [lra | rewrite IH; lra]. Qed.

Lemma over_plus : forall A (f g : A -> R) members, over (fun x => f x + g x) members = over f members + over g members.
Proof. intros A f g members. induction members as [| x rest IH]; simpl; [lra | rewrite IH; lra]. Qed.

Lemma over_flat_map : forall A B (f : B -> R) (g : A -> list B) members,
  over f (flat_map g members) = over (fun x => over f (g x)) members.
Proof. intros A B f g members. induction members as [| x rest IH]; simpl; [reflexivity | rewrite over_app, IH; reflexivity]. Qed.

Section Finite.
  Variables (weight : nat -> R) (n : nat).
  Hypothesis nonnegative : forall i, (i < n)%nat -> 0 <= weight i.

  Lemma probability_of_none : probability weight n (fun _ => false) = 0.
  Proof.
    unfold probability, indicator. clear nonnegative. induction n as [| k IH]; simpl in *; [lra |]. rewrite IH. lra.
  Qed.

  (* Two events. *)
  Theorem union_of_two : forall A B,
    probability weight n (fun i => A i || B i) <= probability weight n A + probability weight n B.
  Proof.
    intros A B. unfold probability. rewrite <- total_plus. apply total_le. intros i I.
    pose proof (nonnegative i I). destruct (A i), (B i); simpl; nra.
  Qed.

  (* A list of events. *)
  Theorem union_bound : forall events,
    probability weight n (fun i => existsb (fun event => event i) events)
    <= fold_right (fun event rest => probability weight n event + rest) 0 events.
  Proof.
    induction events as [| event rest IH]; simpl; [rewrite probability_of_none; lra |].
    eapply Rle_trans; [apply union_of_two |]. lra.
  Qed.

  (* Delta is divided equally: k events that each fail with probability at most delta / k all hold but for delta. *)
  Theorem account_of_delta : forall delta events, events <> nil -> 0 <= delta ->
    (forall event, In event events -> probability weight n event <= delta / INR (length events)) ->
    probability weight n (fun i => existsb (fun event => event i) events) <= delta.
  Proof.
    intros delta events some positive each.
    assert (K : 0 < INR (length events)) by (apply lt_0_INR; destruct events; [contradiction | simpl; lia]).
    eapply Rle_trans; [apply union_bound |].
    assert (G : forall share rest, (forall event, In event rest -> probability weight n event <= share) ->
      fold_right (fun event sum => probability weight n event + sum) 0 rest <= INR (length rest) * share).
    { intros share rest. induction rest as [| event rest IH]; intros H; [simpl; lra |].
      replace (length (event :: rest)) with (S (length rest)) by reflexivity. rewrite S_INR. simpl fold_right.
      assert (probability weight n event <= share) by (apply H; left; reflexivity).
      assert (fold_right (fun e sum => probability weight n e + sum) 0 rest <= INR (length rest) * share)
        by (apply IH; intros e E; apply H; right; assumption).
      lra. }
    eapply Rle_trans; [apply (G _ _ each) |].
    right. field. lra.
  Qed.

  (* Markov's inequality, the step that makes a certificate of an expectation. *)
  Theorem markov : forall value level, 0 < level -> (forall i, (i < n)%nat -> 0 <= value i) ->
    level * probability weight n (fun i => if Rle_dec level (value i) then true else false)
    <= expectation weight n value.
  Proof.
    intros value level positive values. unfold probability, expectation. rewrite <- total_scaled.
    apply total_le. intros i I. pose proof (nonnegative i I). pose proof (values i I).
    destruct (Rle_dec level (value i)); simpl; nra.
  Qed.

  (* An e-value of expectation at most 1 exceeds 1 / delta with probability at most delta. *)
  Theorem e_value : forall value delta, 0 < delta -> (forall i, (i < n)%nat -> 0 <= value i) ->
    expectation weight n value <= 1 ->
    probability weight n (fun i => if Rle_dec (1 / delta) (value i) then true else false) <= delta.
  Proof.
    intros value delta positive values fair.
    assert (L : 0 < 1 / delta) by (apply Rdiv_lt_0_compat; lra).
    pose proof (markov value (1 / delta) L values) as M.
    apply (Rmult_le_reg_l (1 / delta)); [assumption |].
    replace (1 / delta * delta) with 1 by (field; lra). lra.
  Qed.
End Finite.

(* The average of e-values is an e-value. *)
Theorem average_of_e_values : forall weight n values k, (0 < k)%nat ->
  (forall j, (j < k)%nat -> expectation weight n (values j) <= 1) ->
  expectation weight n (fun i => total (fun j => values j i) k / INR k) <= 1.
Proof.
  intros weight n values k positive each.
  assert (K : 0 < INR k) by (apply lt_0_INR; lia).
  assert (E : expectation weight n (fun i => total (fun j => values j i) k / INR k)
              = / INR k * total (fun j => expectation weight n (values j)) k).
  { unfold expectation. rewrite total_swap, <- total_scaled. apply total_equal. intros i I.
    rewrite total_scaled. field. lra. }
  rewrite E.
  assert (S : total (fun j => expectation weight n (values j)) k <= INR k * 1).
  { rewrite <- total_constant. apply total_le. assumption. }
  apply (Rmult_le_reg_l (INR k)); [assumption |].
  rewrite <- Rmult_assoc, Rinv_r by lra. lra.
Qed.
