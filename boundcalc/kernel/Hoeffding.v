(* Hoeffding's decomposition: the average of a function over all ordered pairs of different rows is the average, over all
   permutations of the rows, of its averages over floor(n/2) disjoint pairs. For every number n >= 2 of rows. *)
From Coq Require Import Reals Lra Psatz Bool List Permutation.
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

(* Row i once the rows are permuted: pi(i); rows beyond the list stay. *)
Definition place (pi : list nat) (i : nat) : nat := nth i pi i.
Definition moved (pi : list nat) (pair : nat * nat) : nat * nat := (place pi (fst pair), place pi (snd pair)).

(* Lists without repetition. *)
Lemma nodup_app : forall A (a b : list A), NoDup a -> NoDup b -> (forall x, In x a -> ~ In x b) -> NoDup (a ++ b).
Proof.
  intros A a b NA NB D. induction a as [| x rest IH]; [exact NB |]. inversion NA; subst. simpl. constructor.
  - rewrite in_app_iff. intros [I | I]; [tauto | exact (D x (or_introl eq_refl) I)].
  - apply IH; [assumption |]. intros y Y. apply D. right. exact Y.
Qed.

Lemma nodup_map : forall A B (f : A -> B) l,
  (forall x y, In x l -> In y l -> f x = f y -> x = y) -> NoDup l -> NoDup (map f l).
Proof.
  intros A B f l J N. induction l as [| x rest IH]; [constructor |]. inversion N; subst. simpl. constructor.
  - intros I. apply in_map_iff in I. destruct I as [y [E Y]]. apply J in E; [subst; contradiction | right; exact Y | left; reflexivity].
  - apply IH; [| assumption]. intros a b I K. apply J; right; assumption.
Qed.

Lemma nodup_flat_map : forall A B (f : A -> list B) l,
  (forall x, In x l -> NoDup (f x)) -> (forall x y z, In x l -> In y l -> In z (f x) -> In z (f y) -> x = y) ->
  NoDup l -> NoDup (flat_map f l).
Proof.
  intros A B f l E D N. induction l as [| x rest IH]; [constructor |]. inversion N; subst. simpl. apply nodup_app.
  - apply E. left. reflexivity.
  - apply IH; [| | assumption].
    + intros y Y. apply E. right. exact Y.
    + intros a b z I K. apply D; right; assumption.
  - intros z Z I. apply in_flat_map in I. destruct I as [y [Y W]].
    assert (x = y) by (apply (D x y z); [left; reflexivity | right; exact Y | exact Z | exact W]). subst. contradiction.
Qed.

Lemma over_permuted : forall A (f : A -> R) a b, Permutation a b -> over f a = over f b.
Proof. intros A f a b P. induction P; simpl; lra. Qed.

Lemma over_map : forall A B (f : B -> R) (g : A -> B) l, over f (map g l) = over (fun x => f (g x)) l.
Proof. intros A B f g l. induction l as [| x rest IH]; simpl; [reflexivity | rewrite IH; reflexivity]. Qed.

Lemma over_constant : forall A c (l : list A), over (fun _ => c) l = INR (length l) * c.
Proof.
  intros A c l. induction l as [| x rest IH]; [simpl; lra |].
  change (length (x :: rest)) with (S (length rest)). rewrite S_INR. simpl over. rewrite IH. lra.
Qed.

Lemma over_swap : forall A B (f : A -> B -> R) a b,
  over (fun x => over (f x) b) a = over (fun y => over (fun x => f x y) a) b.
Proof.
  intros A B f a b. induction a as [| x rest IH]; simpl; [rewrite over_constant; lra |].
  rewrite IH, <- over_plus. reflexivity.
Qed.

(* The list holds the permutations and nothing else, *)
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

(* each of them once: what is inserted can be taken out again, *)
Lemma insertions_once : forall x l, ~ In x l -> NoDup (insertions x l).
Proof.
  intros x l. induction l as [| y rest IH]; intros O; simpl; [repeat constructor; simpl; tauto |].
  simpl in O. constructor.
  - intros I. apply in_map_iff in I. destruct I as [tail [E _]]. inversion E. subst. tauto.
  - apply nodup_map; [intros a b _ _ E; inversion E; reflexivity | apply IH; tauto].
Qed.

Lemma insertions_undone : forall x l pi, ~ In x l -> In pi (insertions x l) -> remove Nat.eq_dec x pi = l.
Proof.
  intros x l. induction l as [| y rest IH]; intros pi O I; simpl in *.
  - destruct I as [<- | []]. simpl. destruct (Nat.eq_dec x x); congruence.
  - destruct I as [<- | I].
    + simpl. destruct (Nat.eq_dec x x); [| congruence]. destruct (Nat.eq_dec x y); [subst; tauto |].
      f_equal. apply notin_remove. tauto.
    + apply in_map_iff in I. destruct I as [tail [<- T]]. simpl. destruct (Nat.eq_dec x y); [subst; tauto |].
      f_equal. apply IH; tauto.
Qed.

Theorem permutations_once : forall l, NoDup l -> NoDup (permutations l).
Proof.
  induction l as [| x rest IH]; intros N; simpl; [repeat constructor; simpl; tauto |]. inversion N as [| ? ? O N']; subst.
  assert (OUT : forall tail, In tail (permutations rest) -> ~ In x tail).
  { intros tail T I. apply permutations_are in T. apply O. apply (Permutation_in _ (Permutation_sym T)), I. }
  apply nodup_flat_map; [| | apply IH; exact N'].
  - intros tail T. apply insertions_once, OUT, T.
  - intros a b pi A B I K. rewrite <- (insertions_undone x a pi) by auto. apply insertions_undone; auto.
Qed.

(* n! in number. *)
Lemma insertions_length : forall x l, length (insertions x l) = S (length l).
Proof. intros x l. induction l as [| y rest IH]; simpl; [reflexivity |]. rewrite map_length, IH. reflexivity. Qed.

Theorem permutations_length : forall l, length (permutations l) = fact (length l).
Proof.
  induction l as [| x rest IH]; [reflexivity |]. simpl length at 2. change (fact (S (length rest))) with (S (length rest) * fact (length rest))%nat.
  rewrite <- IH. simpl permutations.
  assert (G : forall some, (forall tail, In tail some -> length tail = length rest) ->
    length (flat_map (insertions x) some) = (S (length rest) * length some)%nat).
  { induction some as [| tail others JH]; intros H; [simpl; lia |]. simpl flat_map.
    rewrite app_length, insertions_length, JH by (intros t T; apply H; right; exact T).
    rewrite H by (left; reflexivity). simpl length. lia. }
  apply G. intros tail T. apply permutations_are in T. symmetry. apply Permutation_length, T.
Qed.

(* Ordered pairs: n (n - 1) of them, each once. *)
Lemma ordered_are : forall n a b, In (a, b) (ordered n) <-> (a < n)%nat /\ (b < n)%nat /\ a <> b.
Proof.
  intros n a b. unfold ordered. rewrite filter_In, in_prod_iff, !in_seq, negb_true_iff, Nat.eqb_neq. simpl. intuition lia.
Qed.

Lemma ordered_once : forall n, NoDup (ordered n).
Proof.
  intros n. apply NoDup_filter. assert (G : forall a b : list nat, NoDup a -> NoDup b -> NoDup (list_prod a b)).
  { intros a b NA NB. induction a as [| x rest IH]; [constructor |]. inversion NA; subst. simpl. apply nodup_app.
    - apply nodup_map; [intros y z _ _ E; inversion E; reflexivity | exact NB].
    - apply IH. assumption.
    - intros [y z] I K. apply in_map_iff in I. destruct I as [w [E _]]. inversion E; subst.
      apply in_prod_iff in K. tauto. }
  apply G; apply seq_NoDup.
Qed.

Lemma others_length : forall x l, NoDup l -> In x l ->
  S (length (filter (fun y => negb (Nat.eqb x y)) l)) = length l.
Proof.
  intros x l N I. induction l as [| y rest IH]; [contradiction |]. inversion N as [| ? ? O N']; subst. simpl.
  destruct (Nat.eqb_spec x y) as [-> | D]; simpl.
  - f_equal. clear IH N I N'. induction rest as [| z rest IH]; [reflexivity |]. simpl in *.
    destruct (Nat.eqb_spec y z) as [-> | D]; [tauto |]. simpl. f_equal. apply IH. tauto.
  - f_equal. apply IH; [exact N' |]. destruct I; [congruence | assumption].
Qed.

Lemma ordered_length : forall n, length (ordered n) = (n * (n - 1))%nat.
Proof.
  intros n. unfold ordered. pose proof (seq_NoDup n 0) as N. pose proof (seq_length n 0) as L.
  assert (G : forall some, incl some (seq 0 n) ->
    length (filter (fun pair => negb (Nat.eqb (fst pair) (snd pair))) (list_prod some (seq 0 n))) = (length some * (n - 1))%nat).
  { induction some as [| x rest IH]; intros I; [reflexivity |]. simpl list_prod. rewrite filter_app, app_length, IH by
      (intros y Y; apply I; right; exact Y). simpl length. pose proof (others_length x (seq 0 n) N (I x (or_introl eq_refl))) as O.
    assert (E : forall l, length (filter (fun pair => negb (Nat.eqb (fst pair) (snd pair))) (map (fun y => (x, y)) l))
      = length (filter (fun y => negb (Nat.eqb x y)) l)).
    { induction l as [| y l JH]; [reflexivity |]. simpl. destruct (Nat.eqb x y); simpl; rewrite JH; reflexivity. }
    rewrite E. lia. }
  rewrite G by (intros x X; exact X). rewrite L. reflexivity.
Qed.

(* Permuting the rows permutes the pairs. *)
Lemma place_map : forall n pi, length pi = n -> map (place pi) (seq 0 n) = pi.
Proof.
  intros n pi L. apply nth_ext with (d := 0%nat) (d' := 0%nat); [rewrite map_length, seq_length; symmetry; exact L |].
  intros i I. rewrite map_length, seq_length in I.
  rewrite (nth_indep _ _ (place pi 0%nat)) by (rewrite map_length, seq_length; exact I).
  rewrite map_nth, seq_nth by exact I. simpl. unfold place. apply nth_indep. lia.
Qed.

Lemma place_inside : forall n pi i, Permutation (seq 0 n) pi -> (i < n)%nat -> (place pi i < n)%nat.
Proof.
  intros n pi i P I. assert (K : In (place pi i) pi).
  { unfold place. apply nth_In. rewrite <- (Permutation_length P), seq_length. exact I. }
  apply (Permutation_in _ (Permutation_sym P)), in_seq in K. lia.
Qed.

Lemma place_injective : forall n pi, Permutation (seq 0 n) pi -> forall i j, place pi i = place pi j -> i = j.
Proof.
  intros n pi P i j E. assert (L : length pi = n) by (rewrite <- (Permutation_length P); apply seq_length).
  assert (N : NoDup pi) by (eapply Permutation_NoDup; [exact P | apply seq_NoDup]).
  assert (OUT : forall k, (n <= k)%nat -> place pi k = k) by (intros k K; apply nth_overflow; lia).
  destruct (Nat.lt_ge_cases i n) as [I | I], (Nat.lt_ge_cases j n) as [J | J].
  - unfold place in E. rewrite (nth_indep pi i 0%nat), (nth_indep pi j 0%nat) in E by lia.
    apply (proj1 (NoDup_nth pi 0%nat) N); [lia | lia | exact E].
  - pose proof (place_inside n pi i P I). rewrite (OUT j J) in E. lia.
  - pose proof (place_inside n pi j P J). rewrite (OUT i I) in E. lia.
  - rewrite (OUT i I), (OUT j J) in E. exact E.
Qed.

Lemma ordered_moved : forall n pi, Permutation (seq 0 n) pi -> Permutation (map (moved pi) (ordered n)) (ordered n).
Proof.
  intros n pi P. apply NoDup_Permutation_bis; [| rewrite map_length; reflexivity |].
  - apply nodup_map; [| apply ordered_once]. intros [a b] [c d] _ _ E. unfold moved in E. simpl in E. inversion E.
    f_equal; eapply place_injective; eassumption.
  - intros pair I. apply in_map_iff in I. destruct I as [[a b] [<- I]]. apply ordered_are in I. destruct I as (A & B & D).
    apply ordered_are. repeat split; [apply place_inside; assumption .. |].
    intros E. apply D. eapply place_injective; eassumption.
Qed.

(* Over all permutations, the pair of rows at two places has the same sum as that at any two others: rearrange the places. *)
Lemma same_at_any_places : forall n q a b, In (a, b) (ordered n) ->
  over (fun pi => q (moved pi (a, b))) (permutations (seq 0 n)) = over (fun pi => q (moved pi (0, 1)%nat)) (permutations (seq 0 n)).
Proof.
  intros n q a b I. apply ordered_are in I. destruct I as (A & B & D).
  destruct (in_all_rest [a; b] (seq 0 n)) as [others P].
  { repeat constructor; simpl; intuition congruence. }
  { intros x [<- | [<- | []]]; apply in_seq; lia. }
  set (sigma := [a; b] ++ others) in *. set (after := fun pi => map (place pi) sigma).
  assert (LS : length sigma = n) by (rewrite <- (Permutation_length P); apply seq_length).
  assert (IS : forall pi, In pi (permutations (seq 0 n)) -> length pi = n).
  { intros pi H. apply permutations_are in H. rewrite <- (Permutation_length H). apply seq_length. }
  assert (ALL : Permutation (map after (permutations (seq 0 n))) (permutations (seq 0 n))).
  { apply NoDup_Permutation_bis; [| rewrite map_length; reflexivity |].
    - apply nodup_map; [| apply permutations_once, seq_NoDup]. intros pi rho H K E. unfold after in E.
      rewrite <- (place_map n pi (IS pi H)), <- (place_map n rho (IS rho K)). apply map_ext_in. intros i IN.
      apply (Permutation_in _ P) in IN. clear - E IN. induction sigma as [| x rest IH]; [contradiction |].
      inversion E. destruct IN as [-> | IN]; [assumption | apply IH; assumption].
    - intros rho K. apply in_map_iff in K. destruct K as [pi [<- H]]. apply permutations_are. unfold after.
      rewrite <- (Permutation_map (place pi) P), (place_map n pi (IS pi H)). apply permutations_are. exact H. }
  rewrite <- (over_permuted _ (fun pi => q (moved pi (0, 1)%nat)) _ _ ALL), over_map. reflexivity.
Qed.

Lemma same_at_any_places_mean : forall n q, (2 <= n)%nat ->
  INR (n * (n - 1)) * over (fun pi => q (moved pi (0, 1)%nat)) (permutations (seq 0 n)) = INR (fact n) * over q (ordered n).
Proof.
  intros n q N. rewrite <- ordered_length, <- over_constant.
  rewrite (over_equal _ _ (fun pair => over (fun pi => q (moved pi pair)) (permutations (seq 0 n))))
    by (intros [a b] I; symmetry; apply same_at_any_places; exact I).
  rewrite over_swap, (over_equal _ _ (fun _ => over q (ordered n))).
  - rewrite over_constant, permutations_length, seq_length. reflexivity.
  - intros pi I. apply permutations_are in I. rewrite <- (over_permuted _ q _ _ (ordered_moved n pi I)), over_map. reflexivity.
Qed.

(* The blocks of a permutation are the blocks of the identity, moved. *)
Lemma blocks_moved : forall m n pi, length pi = n -> blocks m pi = map (moved pi) (blocks m (seq 0 n)).
Proof.
  intros m n pi L. rewrite <- (place_map n pi L) at 1. unfold blocks. rewrite firstn_map, skipn_map, firstn_map.
  generalize (firstn m (seq 0 n)) as a. generalize (firstn m (skipn m (seq 0 n))) as b.
  intros b a. revert b. induction a as [| x a IH]; intros b; [reflexivity |].
  destruct b as [| y b]; [reflexivity |]. simpl. rewrite IH. reflexivity.
Qed.

Lemma blocks_are : forall m n, (2 * m <= n)%nat -> blocks m (seq 0 n) = map (fun i => (i, m + i)%nat) (seq 0 m).
Proof.
  intros m n H. replace n with (m + (m + (n - 2 * m)))%nat by lia. rewrite !seq_app. unfold blocks. simpl plus.
  rewrite <- (seq_length m 0) at 1. rewrite <- (Nat.add_0_r (length _)), firstn_app_2. simpl firstn. rewrite app_nil_r.
  rewrite <- (seq_length m 0) at 3. rewrite skipn_app, skipn_all, Nat.sub_diag. simpl app. simpl skipn.
  rewrite <- (seq_length m m) at 2. rewrite <- (Nat.add_0_r (length (seq m m))), firstn_app_2. simpl firstn. rewrite app_nil_r.
  assert (G : forall k start, combine (seq start k) (seq (m + start) k) = map (fun i => (i, m + i)%nat) (seq start k)).
  { induction k as [| k IH]; intros start; [reflexivity |]. simpl. rewrite <- IH, Nat.add_succ_r. reflexivity. }
  rewrite <- G, Nat.add_0_r. reflexivity.
Qed.

Theorem hoeffding_decomposition : forall q n, (2 <= n)%nat ->
  over q (ordered n) / INR (n * (n - 1))
  = over (fun pi => over q (blocks (Nat.div2 n) pi) / INR (Nat.div2 n)) (permutations (seq 0 n)) / INR (fact n).
Proof.
  intros q n N. set (m := Nat.div2 n).
  assert (M : (0 < m /\ 2 * m <= n)%nat).
  { pose proof (Nat.div2_odd n) as E. fold m in E. destruct (Nat.odd n); simpl Nat.b2n in E; lia. }
  assert (PM : 0 < INR m) by (apply lt_0_INR; lia).
  assert (PN : 0 < INR (n * (n - 1))) by (apply lt_0_INR; nia).
  assert (PF : 0 < INR (fact n)) by (apply lt_0_INR, lt_O_fact).
  pose proof (same_at_any_places_mean n q N) as S. set (one := over (fun pi => q (moved pi (0, 1)%nat)) _) in S.
  assert (E : over (fun pi => over q (blocks m pi) / INR m) (permutations (seq 0 n)) = one).
  { rewrite (over_equal _ _ (fun pi => / INR m * over (fun pair => q (moved pi pair)) (blocks m (seq 0 n)))).
    - rewrite over_scaled, over_swap, blocks_are, over_map by lia. rewrite (over_equal _ _ (fun _ => one)).
      + rewrite over_constant, seq_length. field. lra.
      + intros i I. apply in_seq in I. apply same_at_any_places. apply ordered_are. lia.
    - intros pi I. apply permutations_are, Permutation_length in I. rewrite seq_length in I.
      rewrite (blocks_moved m n pi) by (symmetry; exact I). rewrite over_map. unfold Rdiv. lra. }
  rewrite E. apply (Rmult_eq_reg_l (INR (n * (n - 1)) * INR (fact n))); [| nra].
  transitivity (INR (fact n) * over q (ordered n)); [field; lra |]. rewrite <- S. field. lra.
Qed.
