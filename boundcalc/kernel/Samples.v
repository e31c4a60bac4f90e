(* Rows drawn independently from a finite population: the matching identity, Markov's step, and the certificate of a fixed model. *)
From Coq Require Import Reals Lra Psatz Bool List Permutation.
From Coq Require FunctionalExtensionality.
From Boundcalc Require Import Finite.
Import ListNotations.
Open Scope R_scope.

Lemma in_all_rest : forall (some all : list nat), NoDup some -> incl some all -> exists others, Permutation all (some ++ others).
Proof.
  induction some as [| x rest IH]; intros all N I; [exists all; reflexivity |].
  inversion N as [| ? ? X N']; subst.
  destruct (in_split x all (I x (or_introl eq_refl))) as [before [after ->]].
  destruct (IH (before ++ after) N') as [others P].
  - intros y Y. specialize (I y (or_intror Y)). apply in_app_or in I. apply in_or_app.
    destruct I as [| [<- |]]; tauto.
  - exists others. rewrite <- Permutation_middle. simpl. apply perm_skip. exact P.
Qed.

(* Independent rows from a finite population: row i of a sample is the kind (sample i), drawn with probability (share kind). *)
Definition set (sample : nat -> nat) (row kind : nat) : nat -> nat :=
  fun i => if Nat.eq_dec i row then kind else sample i.

Section Samples.
  Variables (share : nat -> R) (kinds : nat).
  Hypothesis shares : forall kind, (kind < kinds)%nat -> 0 <= share kind.
  Hypothesis whole : total share kinds = 1.

  Lemma average_at_least : forall c f, (forall kind, c <= f kind) -> c <= total (fun kind => share kind * f kind) kinds.
  Proof.
    intros c f H. apply Rle_trans with (total (fun kind => c * share kind) kinds).
    - rewrite total_scaled, whole. lra.
    - apply total_le. intros kind K. rewrite Rmult_comm. apply Rmult_le_compat_l; [apply shares; exact K | apply H].
  Qed.

  (* The expectation over the rows of a list, the others as in the sample. *)
  Fixpoint mean (rows : list nat) (value : (nat -> nat) -> R) (sample : nat -> nat) : R :=
    match rows with
    | nil => value sample
    | row :: rest => total (fun kind => share kind * mean rest value (set sample row kind)) kinds
    end.

  Lemma mean_equal : forall rows f g sample, (forall s, f s = g s) -> mean rows f sample = mean rows g sample.
  Proof.
    induction rows as [| row rest IH]; intros f g sample H; simpl; [apply H |].
    apply total_equal. intros kind _. rewrite (IH f g _ H). reflexivity.
  Qed.

  Lemma mean_le : forall rows f g sample, (forall s, f s <= g s) -> mean rows f sample <= mean rows g sample.
  Proof.
    induction rows as [| row rest IH]; intros f g sample H; simpl; [apply H |].
    apply total_le. intros kind K. apply Rmult_le_compat_l; [apply shares; exact K | apply IH; exact H].
  Qed.

  Lemma mean_scaled : forall rows c f sample, mean rows (fun s => c * f s) sample = c * mean rows f sample.
  Proof.
    induction rows as [| row rest IH]; intros c f sample; simpl; [reflexivity |].
    rewrite <- total_scaled. apply total_equal. intros kind _. rewrite IH. lra.
  Qed.

  Lemma mean_plus : forall rows f g sample,
    mean rows (fun s => f s + g s) sample = mean rows f sample + mean rows g sample.
  Proof.
    induction rows as [| row rest IH]; intros f g sample; simpl; [reflexivity |].
    rewrite <- total_plus. apply total_equal. intros kind _. rewrite IH. lra.
  Qed.

  Lemma mean_constant : forall rows c sample, mean rows (fun _ => c) sample = c.
  Proof.
    induction rows as [| row rest IH]; intros c sample; simpl; [reflexivity |].
    rewrite (total_equal _ (fun kind => c * share kind)) by (intros kind _; rewrite IH; lra).
    rewrite total_scaled, whole. lra.
  Qed.

  Lemma mean_over : forall A rows (f : A -> (nat -> nat) -> R) members sample,
    mean rows (fun s => over (fun x => f x s) members) sample = over (fun x => mean rows (f x) sample) members.
  Proof.
    intros A rows f members sample. induction members as [| x rest IH]; simpl; [apply mean_constant |].
    rewrite mean_plus, IH. reflexivity.
  Qed.

  Lemma set_swap : forall sample a b x y, a <> b -> set (set sample a x) b y = set (set sample b y) a x.
  Proof.
    intros sample a b x y D. apply FunctionalExtensionality.functional_extensionality. intros i. unfold set.
    destruct (Nat.eq_dec i a), (Nat.eq_dec i b); subst; congruence.
  Qed.

  Lemma mean_append : forall first second f sample,
    mean (first ++ second) f sample = mean first (mean second f) sample.
  Proof.
    induction first as [| row rest IH]; intros second f sample; simpl; [reflexivity |].
    apply total_equal. intros kind _. rewrite IH. reflexivity.
  Qed.

  (* The order of integration does not matter. *)
  Lemma mean_permuted : forall rows others, Permutation rows others -> NoDup rows ->
    forall f sample, mean rows f sample = mean others f sample.
  Proof.
    intros rows others P. induction P as [| x rest rest' P IH | x y rest | a b c P IH Q JH]; intros N f sample.
    - reflexivity.
    - simpl. apply total_equal. intros kind _. inversion N. rewrite IH by assumption. reflexivity.
    - simpl. assert (D : y <> x) by (inversion N as [| ? ? O ?]; intro E; apply O; left; congruence).
      transitivity (total (fun i => total (fun j => share i * (share j * mean rest f (set (set sample y i) x j))) kinds) kinds).
      + apply total_equal. intros kind _. rewrite total_scaled. reflexivity.
      + rewrite <- total_swap. apply total_equal. intros j _. rewrite <- total_scaled. apply total_equal. intros i _.
        rewrite (set_swap sample y x) by assumption. lra.
    - rewrite IH by assumption. apply JH. eapply Permutation_NoDup; eassumption.
  Qed.

  (* What does not look at a row is a constant for the expectation over it. *)
  Definition blind (row : nat) (f : (nat -> nat) -> R) : Prop := forall s kind, f (set s row kind) = f s.

  Lemma mean_times_blind : forall rows g f sample, (forall row, In row rows -> blind row f) ->
    mean rows (fun s => g s * f s) sample = mean rows g sample * f sample.
  Proof.
    induction rows as [| row rest IH]; intros g f sample H; simpl; [reflexivity |].
    rewrite Rmult_comm, <- total_scaled. apply total_equal. intros kind _.
    rewrite IH by (intros r I; apply H; right; exact I). rewrite (H row) by (left; reflexivity). lra.
  Qed.

  Variable factor : nat -> nat -> R.
  Definition factor_mean : R := total (fun i => share i * total (fun j => share j * factor i j) kinds) kinds.

  (* The product of the factors of a matching's pairs, and the rows that it uses. *)
  Definition product (matching : list (nat * nat)) (sample : nat -> nat) : R :=
    fold_right (fun pair rest => factor (sample (fst pair)) (sample (snd pair)) * rest) 1 matching.
  Definition used (matching : list (nat * nat)) : list nat := flat_map (fun pair => [fst pair; snd pair]) matching.

  Lemma product_blind : forall matching row, ~ In row (used matching) -> blind row (product matching).
  Proof.
    induction matching as [| [a b] rest IH]; intros row H s kind; simpl in *; [reflexivity |].
    rewrite IH by tauto. unfold set. destruct (Nat.eq_dec a row), (Nat.eq_dec b row); subst; tauto.
  Qed.

  Lemma mean_of_used : forall matching sample, NoDup (used matching) ->
    mean (used matching) (product matching) sample = factor_mean ^ length matching.
  Proof.
    induction matching as [| [a b] rest IH]; intros sample N; [reflexivity |].
    change (used ((a, b) :: rest)) with ([a; b] ++ used rest) in *. 
    assert (A : a <> b /\ ~ In a (used rest) /\ ~ In b (used rest) /\ NoDup (used rest)).
    { inversion N as [| ? ? NA N']; subst. inversion N' as [| ? ? NB N'']; subst. simpl in NA.
      repeat split; try tauto. intro; apply NA; left; congruence. }
    destruct A as (D & NA & NB & N').
    rewrite mean_append.
    rewrite (mean_equal [a; b] _ (fun s => factor (s a) (s b) * factor_mean ^ length rest)).
    - rewrite (mean_equal [a; b] _ (fun s => factor_mean ^ length rest * factor (s a) (s b))) by (intros; lra).
      rewrite mean_scaled. simpl. rewrite Rmult_comm. f_equal. unfold factor_mean.
      apply total_equal. intros i _. f_equal. apply total_equal. intros j _. f_equal.
      unfold set. destruct (Nat.eq_dec a b), (Nat.eq_dec a a), (Nat.eq_dec b b); congruence.
    - intros s. rewrite <- (IH s N'). simpl product.
      rewrite (mean_equal _ _ (fun t => product rest t * factor (t a) (t b))) by (intros; simpl; lra).
      rewrite mean_times_blind; [lra |].
      intros row I t kind. unfold set. destruct (Nat.eq_dec a row), (Nat.eq_dec b row); subst; tauto.
  Qed.

  Lemma mean_ignores : forall rows f sample, (forall row, In row rows -> blind row f) -> mean rows f sample = f sample.
  Proof.
    intros rows f sample H. rewrite (mean_equal _ _ (fun s => 1 * f s)) by (intros; lra).
    rewrite mean_times_blind by assumption. rewrite mean_constant. lra.
  Qed.

  (* A matching among n rows: no row twice. *)
  Definition matches (n : nat) (matching : list (nat * nat)) : Prop :=
    NoDup (used matching) /\ incl (used matching) (seq 0 n).

  (* The matching identity: the pairs of a matching are independent. *)
  Theorem matching_identity : forall n matching sample, matches n matching ->
    mean (seq 0 n) (product matching) sample = factor_mean ^ length matching.
  Proof.
    intros n matching sample [N I].
    destruct (in_all_rest (used matching) (seq 0 n) N I) as [others P].
    rewrite (mean_permuted _ (others ++ used matching)); [| | apply seq_NoDup].
    - rewrite mean_append. rewrite (mean_equal _ _ (fun _ => factor_mean ^ length matching)) by
        (intros s; apply mean_of_used; exact N). apply mean_constant.
    - rewrite P. apply Permutation_app_comm.
  Qed.

  (* The mean over any law on matchings of m pairs that does not look at the rows. *)
  Definition mixture (law : list (R * list (nat * nat))) (sample : nat -> nat) : R :=
    over (fun choice => fst choice * product (snd choice) sample) law.
  Definition law_on (n m : nat) (law : list (R * list (nat * nat))) : Prop :=
    over fst law = 1 /\
    forall choice, In choice law -> 0 <= fst choice /\ matches n (snd choice) /\ length (snd choice) = m.

  Theorem mean_of_matchings : forall n m law sample, law_on n m law ->
    mean (seq 0 n) (mixture law) sample = factor_mean ^ m.
  Proof.
    intros n m law sample [W L]. unfold mixture. rewrite mean_over.
    rewrite (over_equal _ _ (fun choice => factor_mean ^ m * fst choice)).
    - rewrite over_scaled, W. lra.
    - intros choice I. destruct (L choice I) as (_ & M & <-). rewrite mean_scaled, matching_identity by assumption. lra.
  Qed.

  Lemma product_at_least : forall low, 0 < low -> (forall i j, low <= factor i j) ->
    forall matching sample, low ^ length matching <= product matching sample.
  Proof.
    intros low P F matching sample. induction matching as [| [a b] rest IH]; simpl; [lra |].
    specialize (F (sample a) (sample b)). assert (0 < low ^ length rest) by (apply pow_lt; exact P).
    apply Rmult_le_compat; lra.
  Qed.

  Lemma mixture_at_least : forall low n m law sample, 0 < low -> (forall i j, low <= factor i j) -> law_on n m law ->
    low ^ m <= mixture law sample.
  Proof.
    intros low n m law sample P F [W L]. rewrite <- (Rmult_1_r (low ^ m)), <- W, <- over_scaled.
    unfold mixture. apply over_le. intros choice I. destruct (L choice I) as (N & _ & <-).
    pose proof (product_at_least low P F (snd choice) sample). rewrite (Rmult_comm (low ^ _)).
    apply Rmult_le_compat_l; assumption.
  Qed.

  (* The probability that n rows have a property. *)
  Definition chance (n : nat) (event : (nat -> nat) -> bool) (sample : nat -> nat) : R :=
    mean (seq 0 n) (fun s => indicator (event s)) sample.

  Theorem markov_step : forall n value level sample, 0 < level -> (forall s, 0 <= value s) ->
    level * chance n (fun s => if Rle_dec level (value s) then true else false) sample <= mean (seq 0 n) value sample.
  Proof.
    intros n value level sample P V. unfold chance. rewrite <- mean_scaled. apply mean_le. intros s.
    specialize (V s). destruct (Rle_dec level (value s)); simpl; lra.
  Qed.
End Samples.

(* There are such laws. *)
Example some_law : law_on 2 1 [(1, [(0, 1)%nat])].
Proof.
  split; [unfold over; simpl; lra |]. intros choice [<- | []]. simpl. repeat split; [lra | |].
  - repeat constructor; simpl; intuition discriminate.
  - intros row. simpl. tauto.
Qed.

(* The certificate of a fixed model: the risk r of a kernel q with values in [0, C] is above (C/kappa) (1 - (delta h)^(1/m)) with
   probability at most delta, h the mean over matchings of the product of 1 - kappa q/C. *)
Section Certificate.
  Variables (share : nat -> R) (kinds : nat) (q : nat -> nat -> R) (C kappa delta : R).
  Hypothesis shares : forall kind, (kind < kinds)%nat -> 0 <= share kind.
  Hypothesis whole : total share kinds = 1.
  Hypothesis positive : 0 < C.
  Hypothesis range : forall i j, 0 <= q i j <= C.
  Hypothesis factors : 0 < kappa < 1.
  Hypothesis level : 0 < delta < 1.

  Definition risk : R := total (fun i => share i * total (fun j => share j * q i j) kinds) kinds.
  Definition kept (i j : nat) : R := 1 - kappa * q i j / C.

  Lemma mean_of_factor : factor_mean share kinds kept = 1 - kappa * risk / C.
  Proof.
    unfold factor_mean, risk, kept.
    rewrite (total_equal _ (fun i => share i + - (kappa / C) * (share i * total (fun j => share j * q i j) kinds))).
    - rewrite total_plus, total_scaled, whole. unfold Rdiv. lra.
    - intros i _.
      rewrite (total_equal _ (fun j => share j + - (kappa / C) * (share j * q i j))) by (intros; unfold Rdiv; lra).
      rewrite total_plus, total_scaled, whole. lra.
  Qed.

  Theorem matching_certificate : forall n m law sample, (0 < m)%nat -> law_on n m law ->
    chance share kinds n (fun s =>
      if Rlt_dec (C / kappa * (1 - Rpower (delta * mixture kept law s) (1 / INR m))) risk then true else false) sample
    <= delta.
  Proof.
    intros n m law sample M L.
    assert (K : forall i j, 1 - kappa <= kept i j).
    { intros i j. unfold kept. destruct (range i j) as [_ U].
      assert (q i j / C <= 1) by (apply (Rmult_le_reg_r C); [lra | unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra]).
      unfold Rdiv in *. rewrite Rmult_assoc. nra. }
    assert (H : forall s, 0 < mixture kept law s).
    { intros s. apply Rlt_le_trans with ((1 - kappa) ^ m); [apply pow_lt; lra |].
      apply (mixture_at_least kept (1 - kappa) n m law s); [lra | exact K | exact L]. }
    set (a := factor_mean share kinds kept). assert (E := mean_of_factor). fold a in E.
    assert (MEAN := mean_of_matchings share kinds whole kept n m law sample L). fold a in MEAN.
    assert (I : 0 < INR m) by (apply lt_0_INR; exact M).
    assert (A : 0 < a ^ m).
    { rewrite <- MEAN. apply Rlt_le_trans with ((1 - kappa) ^ m); [apply pow_lt; lra |].
      rewrite <- (mean_constant share kinds whole (seq 0 n) ((1 - kappa) ^ m) sample). apply (mean_le share kinds shares).
      intros s. apply (mixture_at_least kept (1 - kappa) n m law s); [lra | exact K | exact L]. }
    assert (A1 : 0 < a).
    { assert (1 - kappa <= a); [| lra]. apply (average_at_least share kinds shares whole). intros i.
      apply (average_at_least share kinds shares whole). intros j. apply K. }
    assert (D : 0 < a ^ m / delta) by (apply Rdiv_lt_0_compat; lra).
    pose proof (markov_step share kinds shares n (mixture kept law) _ sample D (fun s => Rlt_le _ _ (H s))) as MARKOV.
    rewrite MEAN in MARKOV. unfold chance in *.
    assert (P : forall s,
      indicator (if Rlt_dec (C / kappa * (1 - Rpower (delta * mixture kept law s) (1 / INR m))) risk then true else false)
      <= indicator (if Rle_dec (a ^ m / delta) (mixture kept law s) then true else false)).
    { intros s. destruct (Rlt_dec _ risk) as [B |]; [| destruct (Rle_dec _ _); simpl; lra].
      destruct (Rle_dec _ _) as [| G]; [simpl; lra | exfalso]. apply G. clear G.
      assert (R1 : a < Rpower (delta * mixture kept law s) (1 / INR m)).
      { rewrite E. apply (Rmult_lt_compat_l (kappa / C)) in B; [| apply Rdiv_lt_0_compat; lra].
        replace (kappa / C * (C / kappa * (1 - Rpower (delta * mixture kept law s) (1 / INR m))))
          with (1 - Rpower (delta * mixture kept law s) (1 / INR m)) in B by (field; lra).
        unfold Rdiv in *. lra. }
      assert (R2 : a ^ m <= delta * mixture kept law s).
      { rewrite <- (Rpower_1 (delta * mixture kept law s)) by (apply Rmult_lt_0_compat; [lra | apply H]).
        replace 1 with (1 / INR m * INR m) at 1 by (field; lra). rewrite <- Rpower_mult, <- Rpower_pow by exact A1.
        apply Rle_Rpower_l; lra. }
      apply (Rmult_le_reg_l delta); [lra |]. replace (delta * (a ^ m / delta)) with (a ^ m) by (field; lra). exact R2. }
    apply Rle_trans with (1 := mean_le share kinds shares (seq 0 n) _ _ sample P).
    apply (Rmult_le_reg_l (a ^ m / delta)); [exact D |].
    replace (a ^ m / delta * delta) with (a ^ m) by (field; lra). exact MARKOV.
  Qed.
End Certificate.
