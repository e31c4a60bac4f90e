(* Hoeffding's decomposition of a U-statistic into permutations, by computation for two to six rows, and what follows from it for
   every finite population and class: decoupling (Lemma 3.11). *)
From Coq Require Import Reals Lra Psatz Bool List Permutation.
From Coq Require FunctionalExtensionality.
From Boundcalc Require Import Finite Samples.
Import ListNotations.
Open Scope R_scope.

(* All permutations of a list. *)
Fixpoint insertions (x : nat) (l : list nat) : list (list nat) :=
  match l with nil => [[x]] | y :: rest => (x :: l) :: map (cons y) (insertions x rest) end.
Fixpoint permutations (l : list nat) : list (list nat) :=
  match l with nil => [nil] | x :: rest => flat_map (insertions x) (permutations rest) end.

(* The pairs (pi(i), pi(m + i)), i < m, and all ordered pairs of different rows. *)
Definition blocks (m : nat) (pi : list nat) : list (nat * nat) := combine (firstn m pi) (firstn m (skipn m pi)).
Definition ordered (n : nat) : list (nat * nat) :=
  filter (fun pair => negb (Nat.eqb (fst pair) (snd pair))) (list_prod (seq 0 n) (seq 0 n)).

Definition same (a b : nat * nat) : bool := Nat.eqb (fst a) (fst b) && Nat.eqb (snd a) (snd b).
Definition count (pairs : list (nat * nat)) (pair : nat * nat) : nat := length (filter (same pair) pairs).

Lemma same_spec : forall a b, same a b = true <-> a = b.
Proof.
  intros [a b] [c d]. unfold same. simpl. rewrite andb_true_iff, !Nat.eqb_eq. split; [intros [-> ->]; reflexivity |].
  intros E. inversion E. tauto.
Qed.

Lemma count_cons : forall x rest pair, count (x :: rest) pair = ((if same pair x then 1 else 0) + count rest pair)%nat.
Proof. intros x rest pair. unfold count. simpl. destruct (same pair x); reflexivity. Qed.

Lemma over_single : forall (q : nat * nat -> R) index pair,
  over (fun p => indicator (same p pair) * q p) index = INR (count index pair) * q pair.
Proof.
  intros q index pair. induction index as [| x rest IH]; [unfold count; simpl; lra |].
  rewrite count_cons, plus_INR. simpl over. rewrite IH. destruct (same pair x) eqn:S.
  - apply same_spec in S. subst. replace (same x x) with true by (symmetry; apply same_spec; reflexivity).
    unfold indicator. simpl INR. lra.
  - replace (same x pair) with false; [unfold indicator; simpl INR; lra |].
    symmetry. destruct (same x pair) eqn:T; [apply same_spec in T; subst | reflexivity].
    rewrite <- S. symmetry. apply same_spec. reflexivity.
Qed.

(* A sum over a list with repetitions, by how often each member occurs. *)
Lemma counted : forall (q : nat * nat -> R) index pairs,
  (forall pair, In pair pairs -> count index pair = 1%nat) ->
  over q pairs = over (fun p => INR (count pairs p) * q p) index.
Proof.
  intros q index pairs. induction pairs as [| x rest IH]; intros H.
  - assert (Z : over (fun p => INR (count nil p) * q p) index = over (fun p => 0 * q p) index) by (apply over_equal; reflexivity).
    rewrite Z, over_scaled. simpl. lra.
  - simpl over at 1. rewrite IH by (intros y Y; apply H; right; exact Y).
    replace (q x) with (over (fun p => indicator (same p x) * q p) index)
      by (rewrite over_single, H by (left; reflexivity); simpl; lra).
    rewrite <- over_plus. apply over_equal. intros p _. rewrite count_cons, plus_INR.
    destruct (same p x); unfold indicator; simpl; lra.
Qed.

(* For n rows: each ordered pair occurs equally often among the blocks of all permutations. *)
Definition equally_often (n m : nat) : bool :=
  let all := permutations (seq 0 n) in
  let pairs := flat_map (blocks m) all in
  Nat.eqb (length all) (fact n)
  && forallb (fun pair => Nat.eqb (count (ordered n) pair) 1) pairs
  && forallb (fun pair => Nat.eqb (count pairs pair * (n * (n - 1))) (length all * m)) (ordered n).

Lemma insertions_permute : forall x l pi, In pi (insertions x l) -> Permutation (x :: l) pi.
Proof.
  intros x l. induction l as [| y rest IH]; intros pi I; simpl in I; [destruct I as [<- | []]; reflexivity |].
  destruct I as [<- | I]; [reflexivity |]. apply in_map_iff in I. destruct I as [tail [<- T]].
  rewrite perm_swap. apply perm_skip, IH, T.
Qed.

Lemma insertions_reach : forall x before after, In (before ++ x :: after) (insertions x (before ++ after)).
Proof.
  intros x before after. induction before as [| y rest IH]; simpl.
  - destruct after; simpl; left; reflexivity.
  - right. apply in_map. exact IH.
Qed.

(* The list holds the permutations and nothing else; it has n! members (computed below), so each of them once. *)
Theorem permutations_are : forall l pi, In pi (permutations l) <-> Permutation l pi.
Proof.
  induction l as [| x rest IH]; intros pi; simpl.
  - split; [intros [<- | []]; reflexivity | intros P; left; symmetry; apply Permutation_nil; exact P].
  - rewrite in_flat_map. split.
    + intros [tail [T I]]. apply insertions_permute in I. rewrite <- I. apply perm_skip, IH, T.
    + intros P. destruct (in_split x pi (Permutation_in x P (or_introl eq_refl))) as [before [after ->]].
      exists (before ++ after). split; [| apply insertions_reach]. apply IH. apply Permutation_cons_inv with x.
      rewrite P. symmetry. apply Permutation_middle.
Qed.


Definition average (pairs : list (nat * nat)) (q : nat * nat -> R) : R := over q pairs / INR (length pairs).

Lemma over_average : forall n m q, (0 < m)%nat -> (1 < n)%nat -> equally_often n m = true ->
  over (fun pi => over q (blocks m pi) / INR m) (permutations (seq 0 n)) / INR (fact n) = over q (ordered n) / INR (n * (n - 1)).
Proof.
  intros n m q M N E. unfold equally_often in E. rewrite !andb_true_iff in E. destruct E as [[L ONE] MANY].
  apply Nat.eqb_eq in L. rewrite forallb_forall in ONE, MANY. rewrite L in MANY.
  assert (PM : 0 < INR m) by (apply lt_0_INR; exact M).
  assert (PN : 0 < INR (n * (n - 1))) by (apply lt_0_INR; nia).
  assert (PF : 0 < INR (fact n)) by (apply lt_0_INR, lt_O_fact).
  rewrite (over_equal _ _ (fun pi => / INR m * over q (blocks m pi))) by (intros; unfold Rdiv; lra).
  rewrite over_scaled, <- over_flat_map.
  rewrite (counted q (ordered n)) by (intros pair I; apply Nat.eqb_eq, ONE, I).
  rewrite (over_equal _ _ (fun p => INR (fact n) * INR m / INR (n * (n - 1)) * q p)).
  - rewrite over_scaled. field. lra.
  - intros p I. f_equal. specialize (MANY p I). apply Nat.eqb_eq in MANY.
    apply (f_equal INR) in MANY. rewrite !(mult_INR (count _ _)), (mult_INR (fact n)) in MANY.
    apply (Rmult_eq_reg_r (INR (n * (n - 1)))); [| lra]. rewrite MANY. field. lra.
Qed.

(* Hoeffding's decomposition: the average over ordered pairs is the average over permutations of the averages over
   m = floor(n/2) disjoint pairs; by computation, as far as it is asked for. *)
Definition decomposes (n : nat) : bool := equally_often n (Nat.div2 n).
Theorem hoeffding_decomposition : forall q n, (2 <= n <= 6)%nat ->
  over q (ordered n) / INR (n * (n - 1))
  = over (fun pi => over q (blocks (Nat.div2 n) pi) / INR (Nat.div2 n)) (permutations (seq 0 n)) / INR (fact n).
Proof.
  intros q n H. symmetry. 
  assert (B : (n = 2 \/ n = 3 \/ n = 4 \/ n = 5 \/ n = 6)%nat) by lia.
  destruct B as [-> | [-> | [-> | [-> | ->]]]]; (apply over_average; [simpl; lia | lia | vm_compute; reflexivity]).
Qed.

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

  (* Row i of the rearranged sample is row pi(i); rows beyond the list stay. *)
  Definition place (pi : list nat) (i : nat) : nat := nth i pi i.

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

  Lemma place_map : forall n pi, length pi = n -> map (place pi) (seq 0 n) = pi.
  Proof.
    intros n pi L. apply nth_ext with (d := 0%nat) (d' := 0%nat); [rewrite map_length, seq_length; symmetry; exact L |].
    intros i I. rewrite map_length, seq_length in I.
    rewrite (nth_indep _ _ (place pi 0%nat)) by (rewrite map_length, seq_length; exact I).
    rewrite map_nth, seq_nth by exact I. simpl. unfold place. apply nth_indep. lia.
  Qed.

  Lemma place_injective : forall n pi, Permutation (seq 0 n) pi -> forall i j, place pi i = place pi j -> i = j.
  Proof.
    intros n pi P i j E. assert (L : length pi = n) by (rewrite <- (Permutation_length P); apply seq_length).
    assert (N : NoDup pi) by (eapply Permutation_NoDup; [exact P | apply seq_NoDup]).
    assert (IN : forall k, (k < n)%nat -> (place pi k < n)%nat).
    { intros k K. assert (I : In (place pi k) pi) by (unfold place; apply nth_In; lia).
      apply (Permutation_in _ (Permutation_sym P)), in_seq in I. lia. }
    assert (OUT : forall k, (n <= k)%nat -> place pi k = k) by (intros k K; apply nth_overflow; lia).
    destruct (Nat.lt_ge_cases i n) as [I | I], (Nat.lt_ge_cases j n) as [J | J].
    - unfold place in E. rewrite (nth_indep pi i 0%nat), (nth_indep pi j 0%nat) in E by lia.
      apply (proj1 (NoDup_nth pi 0%nat) N); [lia | lia | exact E].
    - specialize (IN i I). rewrite (OUT j J) in E. lia.
    - specialize (IN j J). rewrite (OUT i I) in E. lia.
    - rewrite (OUT i I), (OUT j J) in E. exact E.
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
    intros n pi kernel s L. unfold of_pairs. f_equal. rewrite <- (place_map n pi L) at 1. unfold blocks.
    rewrite firstn_map, skipn_map, firstn_map.
    generalize (firstn (Nat.div2 n) (seq 0 n)) as a. generalize (firstn (Nat.div2 n) (skipn (Nat.div2 n) (seq 0 n))) as b.
    intros b a. revert b. induction a as [| x a IH]; intros b; [reflexivity |].
    destruct b as [| y b]; [reflexivity |]. simpl. rewrite IH. reflexivity.
  Qed.

  Theorem decoupling : forall n psi (class : list (nat -> nat -> R)) sample, (2 <= n <= 6)%nat -> class <> nil ->
    nondecreasing psi -> convex psi ->
    mean (seq 0 n) (fun s => psi (largest (map (fun kernel => u_statistic n kernel s) class))) sample
    <= mean (seq 0 n) (fun s => psi (largest (map (fun kernel => of_pairs n kernel s) class))) sample.
  Proof.
    intros n psi class sample N some up cvx.
    set (all := permutations (seq 0 n)).
    assert (F : INR (fact n) = INR (length all)).
    { f_equal. unfold all. assert (B : (n = 2 \/ n = 3 \/ n = 4 \/ n = 5 \/ n = 6)%nat) by lia.
      destruct B as [-> | [-> | [-> | [-> | ->]]]]; vm_compute; reflexivity. }
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
