(* What the exported files rest on: definitions, lemmas and tactics. Every lemma is proved here; nothing is assumed.
   Enclosures are computed with integers: asked for more than 53 digits, the interval tactic leaves the machine's numbers
   alone, whose properties would be axioms. *)
From Coq Require Export Reals ZArith Lia Lra Psatz.
From Coquelicot Require Export Coquelicot.
From Interval Require Import Tactic Float.Specific_stdz Float.Specific_ops.
Module Numbers := SpecificFloat StdZRadix2.
Module Enclosure := Tactic.IntervalTactic Numbers.
Import Enclosure.
Open Scope R_scope.

Ltac enclosed := interval with (i_prec 60).
Ltac enclosed_in x := first [ interval with (i_bisect x, i_taylor x, i_depth 14, i_prec 60)
                            | interval with (i_bisect x, i_depth 18, i_prec 60) ].

(* Relative entropy of coins, for 0 < p < 1; 0 log 0 = 0 holds by 0 * x = 0. *)
Definition kl (q p : R) : R := q * ln (q / p) + (1 - q) * ln ((1 - q) / (1 - p)).

(* The largest p in [q, 1] with kl q p <= a: the least upper bound of q, where kl q q = 0, and of all such p below 1. *)
Definition within (q a p : R) : Prop := p = q \/ (0 < p < 1 /\ q <= p /\ kl q p <= a).
Definition kl_inverse (q a : R) : R := real (Lub_Rbar (within q a)).

Lemma kl_inverse_is_lub : forall q a, is_lub_Rbar (within q a) (Finite (kl_inverse q a)).
Proof.
  intros q a. unfold kl_inverse. destruct (Lub_Rbar_correct (within q a)) as [U L].
  assert (B : Rbar_le (Lub_Rbar (within q a)) (Finite (Rmax q 1))).
  { apply L. intros p [-> | [P _]]; simpl; [apply Rmax_l | pose proof (Rmax_r q 1); lra]. }
  assert (Q : Rbar_le (Finite q) (Lub_Rbar (within q a))) by (apply U; left; reflexivity).
  destruct (Lub_Rbar (within q a)); simpl in *; [split; assumption | contradiction | contradiction].
Qed.

Lemma kl_inverse_above : forall q a, q <= kl_inverse q a.
Proof. intros q a. destruct (kl_inverse_is_lub q a) as [U _]. apply (U q). left. reflexivity. Qed.

Lemma kl_inverse_below : forall q a, q <= 1 -> kl_inverse q a <= 1.
Proof.
  intros q a Q. destruct (kl_inverse_is_lub q a) as [_ L]. apply (L (Finite 1)). intros p [-> | [P _]]; simpl; lra.
Qed.

Lemma kl_inverse_rises : forall q a b, a <= b -> kl_inverse q a <= kl_inverse q b.
Proof.
  intros q a b H. destruct (kl_inverse_is_lub q a) as [_ L]. destruct (kl_inverse_is_lub q b) as [U _].
  apply (L (Finite (kl_inverse q b))). intros p [-> | (P & Q & K)]; apply U; [left; reflexivity | right; lra].
Qed.

(* Monotone pieces: the mean value theorem. *)
Lemma rises : forall f f' a b, a <= b ->
  (forall t, a <= t <= b -> derivable_pt_lim f t (f' t)) ->
  (forall t, a < t < b -> 0 <= f' t) -> f a <= f b.
Proof.
  intros f f' a b [ab | ->] D S; [| lra].
  destruct (MVT_cor2 f f' a b ab D) as [c [E C]].
  specialize (S c C). nra.
Qed.

Lemma falls : forall f f' a b, a <= b ->
  (forall t, a <= t <= b -> derivable_pt_lim f t (f' t)) ->
  (forall t, a < t < b -> f' t <= 0) -> f b <= f a.
Proof.
  intros f f' a b [ab | ->] D S; [| lra].
  destruct (MVT_cor2 f f' a b ab D) as [c [E C]].
  specialize (S c C). nra.
Qed.

(* A value that is nonnegative at a pivot stays so where the derivative leads away from it. *)
Lemma right_of : forall f f' c x, c <= x -> 0 <= f c ->
  (forall t, c <= t <= x -> derivable_pt_lim f t (f' t)) ->
  (forall t, c < t < x -> 0 <= f' t) -> 0 <= f x.
Proof. intros f f' c x cx F D S. pose proof (rises f f' c x cx D S). lra. Qed.

Lemma left_of : forall f f' c x, x <= c -> 0 <= f c ->
  (forall t, x <= t <= c -> derivable_pt_lim f t (f' t)) ->
  (forall t, x < t < c -> 0 <= - f' t) -> 0 <= f x.
Proof.
  intros f f' c x cx F D S.
  assert (f c <= f x); [| lra].
  apply (falls f f' x c cx D). intros t T. specialize (S t T). lra.
Qed.

(* Order of the elementary functions, without strictness. *)
Lemma ln_le : forall x y, 0 < x -> x <= y -> ln x <= ln y.
Proof. intros x y X [XY | ->]; [left; apply ln_increasing; assumption | right; reflexivity]. Qed.

Lemma exp_le : forall x y, x <= y -> exp x <= exp y.
Proof. intros x y [XY | ->]; [left; apply exp_increasing; assumption | right; reflexivity]. Qed.

Lemma ln_below : forall x y, 0 < x -> x <= exp y -> ln x <= y.
Proof. intros x y X H. rewrite <- (ln_exp y). apply ln_le; assumption. Qed.

Lemma ln_above : forall x y, exp x <= y -> x <= ln y.
Proof. intros x y H. rewrite <- (ln_exp x). apply ln_le; [apply exp_pos | assumption]. Qed.

Lemma below_exp : forall x y, 0 < x -> ln x <= y -> x <= exp y.
Proof. intros x y X H. rewrite <- (exp_ln x X). apply exp_le; assumption. Qed.

Lemma above_exp : forall x y, 0 < y -> x <= ln y -> exp x <= y.
Proof. intros x y Y H. rewrite <- (exp_ln y Y). apply exp_le; assumption. Qed.

Lemma ln_quotient : forall x y, 0 < x -> 0 < y -> ln (x / y) = ln x - ln y.
Proof. intros x y X Y. unfold Rdiv. rewrite ln_mult, ln_Rinv; try lra. apply Rinv_0_lt_compat; assumption. Qed.

Lemma ln_nonneg : forall x, 1 <= x -> 0 <= ln x.
Proof. intros x X. rewrite <- ln_1. apply ln_le; lra. Qed.

Lemma ln_pos : forall x, 1 < x -> 0 < ln x.
Proof. intros x X. rewrite <- ln_1. apply ln_increasing; lra. Qed.

Lemma ln_neg : forall x, 0 < x < 1 -> ln x < 0.
Proof. intros x X. rewrite <- ln_1. apply ln_increasing; lra. Qed.

Lemma ln_square : forall x, 0 < x -> ln (x ^ 2) = 2 * ln x.
Proof. intros x X. replace (x ^ 2) with (x * x) by ring. rewrite ln_mult by assumption. ring. Qed.

Lemma exp_tangent : forall x, 1 + x <= exp x.
Proof. intros x. apply exp_ineq1_le. Qed.

Lemma exp_parabola : forall x, 0 <= x -> 1 + x + x ^ 2 / 2 <= exp x.
Proof.
  intros x X. apply Rminus_le, Ropp_le_cancel; rewrite Ropp_0.
  replace (- (1 + x + x ^ 2 / 2 - exp x)) with (exp x - (1 + x + x ^ 2 / 2)) by ring.
  apply (right_of (fun t => exp t - (1 + t + t ^ 2 / 2)) (fun t => exp t - 1 - t) 0 x X).
  - rewrite exp_0. lra.
  - intros t T. apply is_derive_Reals. auto_derive; [trivial | field].
  - intros t T. pose proof (exp_tangent t). lra.
Qed.

Lemma exp_below_1 : forall x, x < 0 -> 0 < 1 - exp x.
Proof. intros x X. rewrite <- exp_0 at 1. pose proof (exp_increasing x 0 X). lra. Qed.

Lemma div_le : forall a b c d, 0 < b -> 0 < d -> a * d <= c * b -> a / b <= c / d.
Proof.
  intros a b c d B D H.
  apply (Rmult_le_reg_r (b * d)); [nra |].
  replace (a / b * (b * d)) with (a * d) by (field; lra).
  replace (c / d * (b * d)) with (c * b) by (field; lra). assumption.
Qed.

Lemma div_nonneg : forall a b, 0 <= a -> 0 < b -> 0 <= a / b.
Proof. intros a b A B. apply Rmult_le_pos; [assumption | left; apply Rinv_0_lt_compat; assumption]. Qed.

Lemma sqrt_below : forall x y, 0 <= x -> 0 <= y -> x <= y * y -> sqrt x <= y.
Proof. intros x y X Y H. rewrite <- (sqrt_square y Y). apply sqrt_le_1; nra. Qed.

Lemma sqrt_above : forall x y, 0 <= y -> x * x <= y -> x <= sqrt y.
Proof.
  intros x y Y H. destruct (Rle_or_lt x 0) as [N | P]; [pose proof (sqrt_pos y); lra |].
  rewrite <- (sqrt_square x) by lra. apply sqrt_le_1; nra.
Qed.

Lemma min_scaled : forall c x y, 0 <= c -> Rmin (c * x) (c * y) = c * Rmin x y.
Proof. intros c x y C. unfold Rmin. repeat destruct Rle_dec; nra. Qed.

(* An integer that is not below a half, and not above. *)
Lemma half_below : forall n m : Z, (2 * m <= n < 2 * m + 2)%Z -> 2 * IZR m <= IZR n <= 2 * IZR m + 1.
Proof. intros n m H. rewrite <- mult_IZR, <- plus_IZR. split; apply IZR_le; lia. Qed.

(* Tactics. Integers of the hypotheses are seen as real numbers too. *)
Ltac reals :=
  repeat match goal with
  | H : _ /\ _ |- _ => destruct H
  | H : (_ <= _)%Z |- _ => apply IZR_le in H
  | H : (_ < _)%Z |- _ => apply Zlt_le_succ, IZR_le in H; unfold Z.succ in H
  end;
  rewrite ?plus_IZR, ?mult_IZR, ?minus_IZR in *.

Ltac tangents :=
  repeat match goal with |- context [exp ?a] =>
    lazymatch goal with _ : 1 + a <= exp a |- _ => fail | _ => pose proof (exp_tangent a) end end.

Lemma nonnegative_and_not_0 : forall x, 0 <= x -> x <> 0 -> 0 < x.
Proof. intros x P N. lra. Qed.

Lemma first_below_max : forall a x y, a < x -> a < Rmax x y.
Proof. intros a x y H. pose proof (Rmax_l x y). lra. Qed.

Lemma second_below_max : forall a x y, a < y -> a < Rmax x y.
Proof. intros a x y H. pose proof (Rmax_r x y). lra. Qed.

Ltac derive := apply is_derive_Reals; auto_derive.

(* Signs of products, quotients, powers and of the elementary functions, from the hypotheses. *)
Ltac sign :=
  match goal with
  | |- 0 < exp _ => apply exp_pos
  | |- 0 <= exp _ => left; apply exp_pos
  | |- 0 < Rpower _ _ => unfold Rpower; apply exp_pos
  | |- 0 <= Rpower _ _ => unfold Rpower; left; apply exp_pos
  | |- 0 < PI => apply PI_RGT_0
  | |- 0 <= PI => left; apply PI_RGT_0
  | |- _ => lra
  | |- 0 <= sqrt _ => apply sqrt_pos
  | |- 0 < sqrt _ => apply sqrt_lt_R0; sign
  | |- 0 <= _ ^ 2 => apply pow2_ge_0
  | |- 0 <= _ * _ => apply Rmult_le_pos; sign
  | |- 0 < _ * _ => apply Rmult_lt_0_compat; sign
  | |- 0 <= _ / _ => apply div_nonneg; sign
  | |- 0 < _ / _ => apply Rdiv_lt_0_compat; sign
  | |- 0 < / _ => apply Rinv_0_lt_compat; sign
  | |- 0 <= / _ => left; apply Rinv_0_lt_compat; sign
  | |- 0 < _ ^ _ => apply pow_lt; sign
  | |- 0 <= _ ^ _ => apply pow_le; sign
  | |- 0 < 1 - exp _ => apply exp_below_1; sign
  | |- 0 < ln _ => apply ln_pos; sign_above
  | |- 0 <= ln _ => apply ln_nonneg; sign_above
  | |- 0 < ?a - ?b / ?c => replace (a - b / c) with ((a * c - b) / c) by (field; lra); apply Rdiv_lt_0_compat; sign
  | |- 0 <= ?a - ?b / ?c => replace (a - b / c) with ((a * c - b) / c) by (field; lra); apply div_nonneg; sign
  | |- 0 < _ + _ => apply Rplus_lt_0_compat; sign
  | |- 0 < _ + _ => apply Rplus_lt_le_0_compat; sign
  | |- 0 < _ + _ => apply Rplus_le_lt_0_compat; sign
  | |- 0 <= _ + _ => apply Rplus_le_le_0_compat; sign
  | |- 0 < Rmin _ _ => apply Rmin_glb_lt; sign
  | |- 0 <= Rmin _ _ => apply Rmin_glb; sign
  | |- 0 < Rmax _ _ => first [apply first_below_max; sign | apply second_below_max; sign]
  | |- 0 <= Rmax _ _ => left; sign
  | |- 0 <= kl_inverse _ _ => eapply Rle_trans; [| apply kl_inverse_above]; sign
  | N : ?x <> 0 |- 0 < ?x => apply nonnegative_and_not_0; [sign | exact N]
  | |- _ <> 0 => apply Rgt_not_eq; sign
  | |- _ > 0 => red; sign
  | |- _ >= 0 => apply Rle_ge; sign
  | |- _ => nra
  end
with sign_above :=
  match goal with
  | |- _ => lra
  | |- 1 < ?a / ?b => apply (Rmult_lt_reg_r b); [sign | unfold Rdiv; rewrite Rmult_assoc, Rinv_l by sign; tangents; nra]
  | |- 1 <= ?a / ?b => apply (Rmult_le_reg_r b); [sign | unfold Rdiv; rewrite Rmult_assoc, Rinv_l by sign; tangents; nra]
  | |- _ => nra
  end.

(* A number that is not 0: by its sign, or because a hypothesis would say 0 < 0. *)
Ltac nonzero :=
  match goal with
  | |- _ /\ _ => split; nonzero
  | |- _ <> 0 =>
    first [ solve [sign]
          | let zero := fresh in intro zero; subst; exfalso;
            match goal with H : 0 < ?e |- _ => replace e with 0 in H by (unfold Rdiv; ring); lra end
          | let zero := fresh in intro zero; nra ]
  | |- _ => sign
  end.

(* An equation between polynomials and quotients, once variables are replaced by what they equal; what is left of the squares
   of roots is used as it is. *)
Ltac identity :=
  subst;
  first [ ring
        | solve [field; nonzero]
        | match goal with Q : ?s * ?s = _ |- _ => solve [field [Q]; nonzero] end
        | match goal with Q : ?s * ?s = _, T : ?t * ?t = _ |- _ => solve [field [Q T]; nonzero] end ].

(* Smaller and larger of two numbers, and sizes, case by case. *)
Ltac cases := unfold Rmin, Rmax, Rabs; repeat (destruct Rle_dec || destruct Rcase_abs).

(* Logarithms of products, quotients and powers. *)
Ltac logs :=
  unfold Rpower;
  repeat (first [rewrite ln_mult by sign | rewrite ln_quotient by sign | rewrite ln_exp | rewrite ln_1]).

(* An inequality, by what its sides differ in. *)
Lemma by_gap : forall a b g, b - a = g -> 0 <= g -> a <= b.
Proof. intros a b g <- H. lra. Qed.

Lemma by_gap_strictly : forall a b g, b - a = g -> 0 < g -> a < b.
Proof. intros a b g <- H. lra. Qed.

(* What calculus needs. *)
Lemma transfer : forall a b, a = b -> 0 <= b -> 0 <= a.
Proof. intros a b -> H. assumption. Qed.

Lemma transfer_strictly : forall a b, a = b -> 0 < b -> 0 < a.
Proof. intros a b -> H. assumption. Qed.

Lemma right_of_strictly : forall f f' c x, c < x -> 0 <= f c ->
  (forall t, c <= t <= x -> derivable_pt_lim f t (f' t)) ->
  (forall t, c < t < x -> 0 < f' t) -> 0 < f x.
Proof.
  intros f f' c x cx F D S. destruct (MVT_cor2 f f' c x cx D) as [t [E T]].
  specialize (S t T). nra.
Qed.

Lemma left_of_strictly : forall f f' c x, x < c -> 0 <= f c ->
  (forall t, x <= t <= c -> derivable_pt_lim f t (f' t)) ->
  (forall t, x < t < c -> 0 < - f' t) -> 0 < f x.
Proof.
  intros f f' c x xc F D S. destruct (MVT_cor2 f f' x c xc D) as [t [E T]].
  specialize (S t T). nra.
Qed.

Lemma right_of_positive : forall f f' c x, c <= x -> 0 < f c ->
  (forall t, c <= t <= x -> derivable_pt_lim f t (f' t)) ->
  (forall t, c < t < x -> 0 <= f' t) -> 0 < f x.
Proof. intros f f' c x cx F D S. pose proof (rises f f' c x cx D S). lra. Qed.

Lemma left_of_positive : forall f f' c x, x <= c -> 0 < f c ->
  (forall t, x <= t <= c -> derivable_pt_lim f t (f' t)) ->
  (forall t, x < t < c -> 0 <= - f' t) -> 0 < f x.
Proof.
  intros f f' c x cx F D S.
  assert (f c <= f x); [| lra].
  apply (falls f f' x c cx D). intros t T. specialize (S t T). lra.
Qed.

Lemma le_of_ln : forall x y, 0 < x -> 0 < y -> ln x <= ln y -> x <= y.
Proof. intros x y X Y H. rewrite <- (exp_ln x X), <- (exp_ln y Y). apply exp_le. assumption. Qed.

Lemma lt_of_ln : forall x y, 0 < x -> 0 < y -> ln x < ln y -> x < y.
Proof. intros x y X Y H. apply ln_lt_inv; assumption. Qed.

Lemma ln_power : forall x k, 0 < x -> ln (x ^ k) = IZR (Z.of_nat k) * ln x.
Proof. intros x k X. rewrite ln_pow by assumption. rewrite INR_IZR_INZ. reflexivity. Qed.

Lemma ln_4 : ln 4 = 2 * ln 2.
Proof. rewrite <- ln_square by lra. f_equal. ring. Qed.

Lemma ln_8 : ln 8 = 3 * ln 2.
Proof. replace 8 with (2 ^ 3) by ring. rewrite ln_power by lra. simpl Z.of_nat. ring. Qed.

Lemma ln_inverse : forall x, 0 < x -> ln (/ x) = - ln x.
Proof. exact ln_Rinv. Qed.

Ltac logarithms :=
  unfold Rpower;
  repeat (first [ rewrite ln_mult by sign | rewrite ln_quotient by sign | rewrite ln_inverse by sign
                | rewrite ln_power by sign | rewrite ln_exp | rewrite ln_1 ]);
  simpl Z.of_nat.

(* Two ways to write one positive number: their logarithms agree. *)
Ltac same_logarithm := unfold Rpower; apply ln_inv; [sign | sign | logarithms; first [ring | field; nonzero]].

(* Arguments that are equal are written alike. *)
Ltac alike :=
  rewrite ?ln_exp;
  repeat match goal with
  | |- context [ln (?a - ?b)] => match goal with |- context [ln ?c] =>
      lazymatch c with _ - _ => fail | _ => replace (ln (a - b)) with (ln c) by (f_equal; field; nonzero) end end
  | |- context [ln ?a] => match goal with |- context [ln ?b] =>
      tryif constr_eq a b then fail else (replace (ln a) with (ln b) by (f_equal; field; nonzero)) end
  | |- context [exp ?a] => match goal with |- context [exp ?b] =>
      tryif constr_eq a b then fail else (replace (exp a) with (exp b) by (f_equal; field; nonzero)) end
  | |- context [sqrt ?a] => match goal with |- context [sqrt ?b] =>
      tryif constr_eq a b then fail else (replace (sqrt a) with (sqrt b) by (f_equal; field; nonzero)) end
  end.

(* Both sides are one number, written in two ways. *)
Ltac rearranged :=
  first [ ring | solve [alike; field; nonzero] | solve [field; nonzero]
        | solve [logarithms; first [ring | field; nonzero]] ].

(* The sign of a value at a pivot: logarithms of 1 and exponentials of 0 go. *)
Ltac value :=
  cbv beta;
  repeat match goal with
  | |- context [ln (exp ?a)] => rewrite (ln_exp a)
  | |- context [exp (?c * ln ?a)] => replace (c * ln a) with (ln a) by ring; rewrite (exp_ln a) by sign
  | |- context [ln ?a] => replace a with 1 by (first [ring | field; nonzero]); rewrite ln_1
  | |- context [exp ?a] => replace a with 0 by (first [ring | field; nonzero]); rewrite exp_0
  | |- context [sqrt ?a] => first [ replace a with 1 by (first [ring | field; nonzero]); rewrite sqrt_1
                                  | replace a with 0 by (first [ring | field; nonzero]); rewrite sqrt_0 ]
  end;
  rewrite ?ln_4, ?ln_8;
  first [ lra | solve [alike; logarithms; lra] | enclosed
        | apply Req_le; solve [symmetry; rearranged] | sign | nra ].

Ltac derivative :=
  cbv beta; derive;
  [ repeat split; first [exact I | nonzero]
  | first [ solve [field; nonzero]
          | solve [alike; field; nonzero]
          | match goal with
            | |- context [sqrt ?a] => let S := fresh in assert (S : 0 <= a) by sign; apply sqrt_sqrt in S;
                                      solve [field [S]; nonzero]
            end ] ].

(* Roots as variables, and what they are roots of as their squares. *)
Ltac roots :=
  repeat match goal with
  | |- context [sqrt ?a] =>
    let P := fresh "P" in let Q := fresh "Q" in let s := fresh "s" in
    assert (P : 0 <= a) by sign; first [assert (0 < sqrt a) by sign | idtac];
    pose proof (sqrt_sqrt a P) as Q; set (s := sqrt a) in *; clearbody s;
    lazymatch a with IZR (Zpos _) => idtac | _ => try rewrite <- Q end
  end.

(* An equation in which roots and what they are roots of both occur. *)
Ltac rooted :=
  roots;
  first [ring | solve [field; nonzero] | match goal with Q : ?s * ?s = _ |- _ => solve [field [Q]; nonzero] end].

(* A quotient of sums of products that is not 0, by the signs of its parts. *)
Lemma nonzero_quotient : forall a b, 0 < a -> 0 < b -> a / b <> 0.
Proof. intros a b A B. apply Rgt_not_eq, Rdiv_lt_0_compat; assumption. Qed.

Ltac fraction :=
  roots;
  match goal with |- ?e <> 0 => field_simplify e; [apply nonzero_quotient; sign | repeat split; nonzero ..] end.

(* A root of a product is the product of the roots. *)
Ltac split_roots :=
  unfold Rpower; rewrite ?ln_exp; repeat (rewrite sqrt_mult by sign);
  repeat match goal with
  | |- context [sqrt (?x ^ 2)] => rewrite (sqrt_pow2 x) by sign
  | |- context [sqrt (?x ^ 4)] => replace (x ^ 4) with ((x ^ 2) ^ 2) by ring; rewrite (sqrt_pow2 (x ^ 2)) by sign
  end.

(* A root of a quotient is the quotient of the roots. *)
Ltac quotient_roots :=
  repeat (rewrite sqrt_div by sign); rewrite ?sqrt_1; split_roots; first [ring | field; nonzero].

(* An equation, part by part. *)
Ltac part_by_part :=
  first [ reflexivity | ring | solve [split_roots; rooted] | solve [quotient_roots]
        | match goal with |- exp _ = _ => same_logarithm | |- _ = exp _ => same_logarithm end
        | f_equal; part_by_part ].

(* What grows with its parts: an inequality between expressions that differ in a part of which one is known. *)
Ltac grows :=
  match goal with
  | |- _ => assumption
  | |- ?a <= ?a => apply Rle_refl
  | |- _ => lra
  | |- _ + _ <= _ + _ => apply Rplus_le_compat; grows
  | |- _ - _ <= _ - _ => unfold Rminus; apply Rplus_le_compat; grows
  | |- - _ <= - _ => apply Ropp_le_contravar; grows
  | |- ?a * _ <= ?a * _ => apply Rmult_le_compat_l; [sign | grows]
  | |- _ * ?a <= _ * ?a => apply Rmult_le_compat_r; [sign | grows]
  | |- _ * _ <= _ * _ => apply Rmult_le_compat; [sign | sign | grows | grows]
  | |- _ / ?a <= _ / ?a => apply Rmult_le_compat_r; [sign | grows]
  | |- ?a / _ <= ?a / _ => apply Rmult_le_compat_l; [sign | grows]
  | |- / _ <= / _ => apply Rinv_le_contravar; [sign | grows]
  | |- Rmin _ _ <= Rmin _ _ =>
    apply Rmin_glb; [eapply Rle_trans; [apply Rmin_l | grows] | eapply Rle_trans; [apply Rmin_r | grows]]
  | |- Rmin _ _ <= _ => first [eapply Rle_trans; [apply Rmin_l | grows] | eapply Rle_trans; [apply Rmin_r | grows]]
  | |- Rmax _ _ <= Rmax _ _ =>
    apply Rmax_lub; [eapply Rle_trans; [| apply Rmax_l]; grows | eapply Rle_trans; [| apply Rmax_r]; grows]
  | |- kl_inverse ?q _ <= kl_inverse ?q _ => apply kl_inverse_rises; grows
  | |- _ ^ _ <= _ ^ _ => apply pow_incr; split; [sign | grows]
  | |- sqrt _ <= sqrt _ => apply sqrt_le_1_alt; grows
  | |- sqrt _ <= _ => apply sqrt_below; [sign | sign | nra]
  | |- exp _ <= exp _ => apply exp_le; grows
  | |- ln _ <= ln _ => apply ln_le; [sign | grows]
  | |- Rpower _ _ <= Rpower _ _ => apply Rle_Rpower_l; [sign | split; [sign | grows]]
  | |- _ => nra
  end.

Lemma floor_positive : forall k e, 0 < e -> IZR k <= e < IZR k + 1 -> IZR k <> 0 -> (1 <= k)%Z.
Proof.
  intros k e E [_ H] N. assert (A : -1 < IZR k) by lra. apply lt_IZR in A.
  assert (k <> 0%Z) by (intro Z; apply N; rewrite Z; reflexivity). lia.
Qed.

Lemma ceiling_positive : forall k e, 0 < e -> IZR k - 1 < e <= IZR k -> (1 <= k)%Z.
Proof. intros k e E [_ H]. assert (A : 0 < IZR k) by lra. apply lt_IZR in A. lia. Qed.

Lemma floor_from_one : forall k a b, 0 < b -> b <= a -> IZR k <= a / b < IZR k + 1 -> (1 <= k)%Z.
Proof.
  intros k a b B A [_ H]. assert (Q : b / b <= a / b) by (apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat|]; assumption).
  replace (b / b) with 1 in Q by (field; lra). assert (P : 0 < IZR k) by lra. apply lt_IZR in P. lia.
Qed.

(* A rounded number that is positive. *)
Ltac whole :=
  first [lia | match goal with
  | H : IZR ?k - 1 < ?e <= IZR ?k |- (1 <= ?k)%Z => apply (ceiling_positive k e); [reals; sign | exact H]
  | H : IZR ?k <= ?e < IZR ?k + 1, N : IZR ?k <> 0 |- (1 <= ?k)%Z =>
    apply (floor_positive k e); [reals; sign | exact H | exact N]
  | H : IZR ?k <= ?a / ?b < IZR ?k + 1 |- (1 <= ?k)%Z =>
    apply (floor_from_one k a b); [reals; sign | reals; lra | exact H]
  end].
