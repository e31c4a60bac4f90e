(* Independent rows are exchangeable, and decoupling follows (Lemma 3.11): for every number n >= 2 of rows, every finite
   population and class, and every convex nondecreasing function. *)
From Coq Require Import Reals Lra Psatz Bool List Permutation.
From Coq Require FunctionalExtensionality.
From Boundcalc Require Import Finite Samples Hoeffding.
Import ListNotations.
Open Scope R_scope.

(* Decoupling: a U-statistic and an average over m independent pairs, for any finite class and convex nondecreasing psi. *)
Definition largest (values : list R) : R := match values with nil => 0 | x :: rest => fold_right Rmax x rest end.
Definition nondecreasing (psi : R -> R) : Prop := forall x y, x <= y -> psi x <= psi y.
Definition convex (psi : R -> R) : Prop :=
  forall t x y, 0 <= t <= 1 -> psi (t * x + (1 - t) * y) <= t * psi x + (1 - t) * psi y.

Lemma jensen : forall A psi (f : A -> R) members, convex psi -> members <> nil ->
  psi (over f members / INR (length members)) <= over (fun x => psi (f x)) members / INR (length members).
Proof.
  intros A psi f members cvx. induction members as [| x rest IH]; intros some; [contradiction |].
  destruct rest as [| y rest].
  - simpl. replace ((f x + 0) / 1) with (f x) by field. lra.
  - assert (E : (y :: rest) <> nil) by discriminate. specialize (IH E). set (tail := y :: rest) in *. clearbody tail.
    change (length (x :: tail)) with (S (length tail)). rewrite S_INR. simpl over.
    assert (K : 0 < INR (length tail)) by (apply lt_0_INR; destruct tail; [contradiction | simpl; lia]).
    set (k := INR (length tail)) in *. clearbody k.
    assert (T : 0 <= 1 / (k + 1) <= 1).
    { split; [apply Rlt_le, Rdiv_lt_0_compat; lra |]. apply (Rmult_le_reg_r (k + 1)); [lra |].
      unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
    replace ((f x + over f tail) / (k + 1)) with (1 / (k + 1) * f x + (1 - 1 / (k + 1)) * (over f tail / k)) by (field; lra).
    eapply Rle_trans; [apply cvx; exact T |].
    apply Rle_trans with (1 / (k + 1) * psi (f x) + (1 - 1 / (k + 1)) * (over (fun x => psi (f x)) tail / k)).
    + apply Rplus_le_compat_l, Rmult_le_compat_l; [lra | exact IH].
    + right. field. lra.
Qed.

Lemma largest_is_above : forall values x, In x values -> x <= largest values.
Proof.
  intros values x I. destruct values as [| y rest]; [contradiction |]. simpl in *. induction rest as [| z rest IH]; simpl.
  - destruct I as [-> | []]. lra.
  - destruct I as [-> | [-> | I]]; [| apply Rmax_l |].
    + apply Rle_trans with (2 := Rmax_r _ _). apply IH. left. reflexivity.
    + apply Rle_trans with (2 := Rmax_r _ _). apply IH. right. exact I.
Qed.

Lemma largest_is_least : forall values bound, values <> nil -> (forall x, In x values -> x <= bound) -> largest values <= bound.
Proof.
  intros values bound some H. destruct values as [| y rest]; [contradiction |]. simpl. induction rest as [| z rest IH]; simpl.
  - apply H. left. reflexivity.
  - apply Rmax_lub; [apply H; right; left; reflexivity |].
    apply IH; [discriminate |]. intros x [-> | I]; apply H; [left | right; right]; tauto.
Qed.

(* The largest of averages is at most the average of the largest. *)
Lemma largest_of_averages : forall A B (f : A -> B -> R) (class : list A) (members : list B), class <> nil -> members <> nil ->
  largest (map (fun tau => over (f tau) members / INR (length members)) class)
  <= over (fun x => largest (map (fun tau => f tau x) class)) members / INR (length members).
Proof.
  intros A B f class members some more. apply largest_is_least; [destruct class; [contradiction | discriminate] |].
  intros v V. apply in_map_iff in V. destruct V as [tau [<- T]].
  assert (K : 0 < INR (length members)) by (apply lt_0_INR; destruct members; [contradiction | simpl; lia]).
  apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; exact K |]. apply over_le. intros x _.
  apply largest_is_above. apply in_map_iff. exists tau. tauto.
Qed.

Section Decoupling.
  Variables (share : nat -> R) (kinds : nat).
  Hypothesis shares : forall kind, (kind < kinds)%nat -> 0 <= share kind.
  Hypothesis whole : total share kinds = 1.
  Let mean := mean share kinds.

  Lemma mean_elsewhere : forall rows f s s', (forall i, ~ In i rows -> s i = s' i) -> mean rows f s = mean rows f s'.
  Proof.
    unfold mean. induction rows as [| row rest IH]; intros f s s' H; simpl.
    - f_equal. apply FunctionalExtensionality.functional_extensionality. intros i. apply H. tauto.
    - apply total_equal. intros kind _. f_equal. apply IH. intros i I. unfold set.
      destruct (Nat.eq_dec i row) as [| N]; [reflexivity |]. apply H. simpl. intros [E | E]; [congruence | tauto].
  Qed.

  Lemma mean_rearranged : forall (sigma : nat -> nat) rows f s, (forall i j, sigma i = sigma j -> i = j) ->
    mean (map sigma rows) (fun t => f (fun i => t (sigma i))) s = mean rows f (fun i => s (sigma i)).
  Proof.
    intros sigma rows f. unfold mean. induction rows as [| row rest IH]; intros s J; simpl; [reflexivity |].
    apply total_equal. intros kind _. f_equal. rewrite IH by exact J. f_equal.
    apply FunctionalExtensionality.functional_extensionality. intros i. unfold set.
    destruct (Nat.eq_dec (sigma i) (sigma row)) as [E | N], (Nat.eq_dec i row) as [F | M]; try reflexivity.
    - apply J in E. contradiction.
    - subst. contradiction.
  Qed.

  (* Independent and identically distributed rows are exchangeable. *)
  Theorem exchangeable : forall n pi f sample, Permutation (seq 0 n) pi ->
    mean (seq 0 n) (fun s => f (fun i => s (place pi i))) sample = mean (seq 0 n) f sample.
  Proof.
    intros n pi f sample P. assert (L : length pi = n) by (rewrite <- (Permutation_length P); apply seq_length).
    rewrite <- (mean_elsewhere (seq 0 n) f (fun i => sample (place pi i))).
    - rewrite <- (mean_rearranged (place pi)) by (apply (place_injective n pi P)). rewrite place_map by exact L.
      unfold mean. apply mean_permuted; [exact P | apply seq_NoDup].
    - intros i I. f_equal. unfold place. apply nth_overflow. rewrite in_seq in I. lia.
  Qed.

  (* Averages of a kernel over all ordered pairs of n rows, and over m pairs of rows (i, m + i). *)
  Definition at_rows (kernel : nat -> nat -> R) (s : nat -> nat) (pair : nat * nat) : R := kernel (s (fst pair)) (s (snd pair)).
  Definition u_statistic (n : nat) (kernel : nat -> nat -> R) (s : nat -> nat) : R :=
    over (at_rows kernel s) (ordered n) / INR (n * (n - 1)).
  Definition of_pairs (n : nat) (kernel : nat -> nat -> R) (s : nat -> nat) : R :=
    over (at_rows kernel s) (blocks (Nat.div2 n) (seq 0 n)) / INR (Nat.div2 n).

  Lemma blocks_rearranged : forall n pi kernel s, length pi = n ->
    over (at_rows kernel s) (blocks (Nat.div2 n) pi) / INR (Nat.div2 n) = of_pairs n kernel (fun i => s (place pi i)).
  Proof.
    intros n pi kernel s L. unfold of_pairs. f_equal. rewrite (blocks_moved (Nat.div2 n) n pi L), over_map. reflexivity.
  Qed.

  Theorem decoupling : forall n psi (class : list (nat -> nat -> R)) sample, (2 <= n)%nat -> class <> nil ->
    nondecreasing psi -> convex psi ->
    mean (seq 0 n) (fun s => psi (largest (map (fun kernel => u_statistic n kernel s) class))) sample
    <= mean (seq 0 n) (fun s => psi (largest (map (fun kernel => of_pairs n kernel s) class))) sample.
  Proof.
    intros n psi class sample N some up cvx.
    set (all := permutations (seq 0 n)).
    assert (F : INR (fact n) = INR (length all)).
    { f_equal. unfold all. rewrite permutations_length, seq_length. reflexivity. }
    assert (K : 0 < INR (length all)) by (rewrite <- F; apply lt_0_INR, lt_O_fact).
    assert (A : all <> nil) by (intros E; rewrite E in K; simpl in K; lra).
    set (value := fun s => psi (largest (map (fun kernel => of_pairs n kernel s) class))).
    apply Rle_trans with (mean (seq 0 n) (fun s => / INR (length all) * over (fun pi => value (fun i => s (place pi i))) all) sample).
    - unfold mean. apply (mean_le share kinds shares). intros s.
      assert (D : map (fun kernel => u_statistic n kernel s) class
        = map (fun kernel => over (fun pi => of_pairs n kernel (fun i => s (place pi i))) all / INR (length all)) class).
      { apply map_ext. intros kernel. unfold u_statistic. rewrite hoeffding_decomposition, F by exact N. f_equal.
        apply over_equal. intros pi I. apply blocks_rearranged. unfold all in I. apply permutations_are in I.
        rewrite <- (Permutation_length I). apply seq_length. }
      rewrite D. pose proof (largest_of_averages _ _ (fun kernel pi => of_pairs n kernel (fun i => s (place pi i)))) as G.
      eapply Rle_trans; [apply up, G; assumption |].
      eapply Rle_trans; [apply (jensen _ psi _ all cvx A) |]. unfold value, Rdiv. rewrite Rmult_comm. lra.
    - unfold mean. rewrite mean_scaled, (mean_over share kinds whole).
      rewrite (over_equal _ _ (fun _ => mean (seq 0 n) value sample * 1)).
      + rewrite over_scaled. replace (over (fun _ : list nat => 1) all) with (INR (length all)).
        * unfold mean. right. field. lra.
        * clear. induction all as [| x rest IH]; [reflexivity |]. change (length (x :: rest)) with (S (length rest)).
          rewrite S_INR, IH. simpl. lra.
      + intros pi I. rewrite Rmult_1_r. apply (exchangeable n pi value sample). apply permutations_are. exact I.
  Qed.
End Decoupling.
