(* Inequalities of convex functions that everybody uses: log-sum, Pinsker, Hellinger, Young, and Hoeffding's lemma for a coin. *)
From Boundcalc Require Import Boundcalc.
From Coquelicot Require Import Coquelicot.
Open Scope R_scope.

Lemma entropy_tangent : forall u v, 0 < u -> 0 < v -> u - v <= u * ln (u / v).
Proof.
  intros u v U V. pose proof (exp_tangent (ln (v / u))) as T.
  rewrite exp_ln in T by (apply Rdiv_lt_0_compat; assumption).
  rewrite ln_quotient in * by assumption.
  apply (Rmult_le_compat_l u) in T; [| lra]. replace (u * (v / u)) with v in T by (field; lra). lra.
Qed.

Lemma log_sum : forall a b x y, 0 < a -> 0 < b -> 0 < x -> 0 < y ->
  (a + b) * ln ((a + b) / (x + y)) <= a * ln (a / x) + b * ln (b / y).
Proof.
  intros a b x y A B X Y. set (s := (a + b) / (x + y)).
  assert (S : 0 < s) by (apply Rdiv_lt_0_compat; lra).
  pose proof (entropy_tangent a (s * x) A (Rmult_lt_0_compat _ _ S X)) as P.
  pose proof (entropy_tangent b (s * y) B (Rmult_lt_0_compat _ _ S Y)) as Q.
  rewrite ln_quotient, ln_mult in P, Q by (try assumption; apply Rmult_lt_0_compat; assumption).
  rewrite (ln_quotient a x), (ln_quotient b y) by assumption.
  assert (E : s * x + s * y = a + b) by (unfold s; field; lra). nra.
Qed.

Lemma pinsker_inside : forall p q, 0 < p < 1 -> 0 < q < 1 -> 2 * (p - q) ^ 2 <= kl p q.
Proof.
  intros p q P Q. apply Rminus_le, Ropp_le_cancel. rewrite Ropp_0.
  replace (- (2 * (p - q) ^ 2 - kl p q)) with (kl p q - 2 * (p - q) ^ 2) by ring. unfold kl.
  assert (D : forall t, 0 < t < 1 -> derivable_pt_lim
    (fun t => p * ln (p / t) + (1 - p) * ln ((1 - p) / (1 - t)) - 2 * (p - t) ^ 2) t
    ((t - p) * (2 * t - 1) ^ 2 / (t * (1 - t)))).
  { intros t T. derive; [repeat split; first [exact I | nonzero | sign] | field; lra]. }
  assert (S : forall t, 0 < t < 1 -> 0 <= (2 * t - 1) ^ 2 / (t * (1 - t))).
  { intros t T. apply div_nonneg; [apply pow2_ge_0 | nra]. }
  assert (Z : 0 <= p * ln (p / p) + (1 - p) * ln ((1 - p) / (1 - p)) - 2 * (p - p) ^ 2).
  { unfold Rdiv. rewrite !Rinv_r, !ln_1 by lra. apply Req_le. ring. }
  set (f := fun t => p * ln (p / t) + (1 - p) * ln ((1 - p) / (1 - t)) - 2 * (p - t) ^ 2) in *.
  set (f' := fun t => (t - p) * (2 * t - 1) ^ 2 / (t * (1 - t))).
  destruct (Rle_or_lt p q) as [H | H].
  - apply (right_of f f' p q H Z); intros t T; [apply D; lra | unfold f'].
    assert (U : 0 < t < 1) by lra. specialize (S t U). unfold Rdiv in *. rewrite Rmult_assoc. apply Rmult_le_pos; lra.
  - apply (left_of f f' p q (Rlt_le _ _ H) Z); intros t T; [apply D; lra | unfold f'].
    assert (U : 0 < t < 1) by lra. specialize (S t U). unfold Rdiv in *. rewrite Rmult_assoc.
    rewrite <- Ropp_mult_distr_l_reverse. apply Rmult_le_pos; lra.
Qed.

Lemma pinsker_at_1 : forall q, 0 < q < 1 -> 2 * (1 - q) ^ 2 <= - ln q.
Proof.
  intros q Q. assert (0 <= - ln q - 2 * (1 - q) ^ 2); [| lra].
  apply (left_of (fun t => - ln t - 2 * (1 - t) ^ 2) (fun t => - ((2 * t - 1) ^ 2 / t)) 1 q); [lra | | |].
  - rewrite ln_1. apply Req_le. ring.
  - intros t T. derive; [repeat split; first [exact I | lra] | field; lra].
  - intros t T. rewrite Ropp_involutive. apply div_nonneg; [apply pow2_ge_0 | lra].
Qed.

(* Hoeffding's lemma for a coin. *)
Lemma coin_positive : forall p z, 0 <= p <= 1 -> 0 < 1 - p + p * exp z.
Proof. intros p z P. pose proof (exp_pos z) as E. destruct (Rle_lt_or_eq_dec 0 p (proj1 P)) as [H | H]; [| subst]; nra. Qed.

Lemma hoeffding_coin : forall p z, 0 <= p <= 1 -> ln (1 - p + p * exp z) <= p * z + z ^ 2 / 8.
Proof.
  intros p z P. pose proof (fun t => coin_positive p t P) as C.
  set (f := fun t => t ^ 2 / 8 + p * t - ln (1 - p + p * exp t)).
  set (g := fun t => t / 4 + p - p * exp t / (1 - p + p * exp t)).
  set (h := fun t => (1 - p - p * exp t) ^ 2 / (4 * (1 - p + p * exp t) ^ 2)).
  assert (F : forall t, derivable_pt_lim f t (g t)).
  { intros t. specialize (C t). unfold f, g. derive; [repeat split; first [exact I | lra] | field; lra]. }
  assert (G : forall t, derivable_pt_lim g t (h t)).
  { intros t. specialize (C t). unfold g, h. derive; [repeat split; first [exact I | lra] | field; lra]. }
  assert (H : forall t, 0 <= h t).
  { intros t. specialize (C t). unfold h. apply div_nonneg; [apply pow2_ge_0 | apply Rmult_lt_0_compat; [lra | apply pow_lt; lra]]. }
  assert (F0 : 0 <= f 0).
  { unfold f. rewrite exp_0. replace (1 - p + p * 1) with 1 by ring. rewrite ln_1. apply Req_le. field. }
  assert (G0 : g 0 = 0) by (unfold g; rewrite exp_0; field; lra).
  assert (0 <= f z); [| unfold f in *; lra].
  destruct (Rle_or_lt 0 z) as [Z | Z].
  - apply (right_of f g 0 z Z F0); intros t T; [apply F |].
    apply (right_of g h 0 t); [lra | lra | intros; apply G | intros; apply H].
  - apply (left_of f g 0 z (Rlt_le _ _ Z) F0); intros t T; [apply F |].
    apply (left_of (fun u => - g u) (fun u => - h u) 0 t); [lra | lra | |].
    + intros u U. apply derivable_pt_lim_opp, G.
    + intros u U. rewrite Ropp_involutive. apply H.
Qed.

(* The convex function lies above its tangent anywhere. *)
Lemma exp_above_tangent : forall m x, exp m * (1 + x - m) <= exp x.
Proof.
  intros m x. replace (exp x) with (exp m * exp (x - m)) by (rewrite <- exp_plus; f_equal; ring).
  apply Rmult_le_compat_l; [left; apply exp_pos |]. pose proof (exp_tangent (x - m)). lra.
Qed.

Lemma pinsker : forall p q, 0 < p <= 1 -> 0 < q < 1 -> 2 * (p - q) ^ 2 <= kl p q.
Proof.
  intros p q [P [L | ->]] Q; [apply pinsker_inside; lra |].
  pose proof (pinsker_at_1 q Q). unfold kl. rewrite ln_quotient, ln_1 by lra. lra.
Qed.

Lemma log_sum_mean : forall l a b x y, 0 <= l <= 1 -> 0 < a -> 0 < b -> 0 < x -> 0 < y ->
  (l * a + (1 - l) * b) * ln ((l * a + (1 - l) * b) / (l * x + (1 - l) * y))
  <= l * (a * ln (a / x)) + (1 - l) * (b * ln (b / y)).
Proof.
  intros l a b x y [[L | <-] M] A B X Y; [destruct M as [M | ->] |].
  - pose proof (log_sum (l * a) ((1 - l) * b) (l * x) ((1 - l) * y)) as S.
    replace (l * a / (l * x)) with (a / x) in S by (field; lra).
    replace ((1 - l) * b / ((1 - l) * y)) with (b / y) in S by (field; lra).
    assert (N : 0 < 1 - l) by lra.
    specialize (S (Rmult_lt_0_compat _ _ L A) (Rmult_lt_0_compat _ _ N B)).
    specialize (S (Rmult_lt_0_compat _ _ L X) (Rmult_lt_0_compat _ _ N Y)). lra.
  - apply Req_le. replace (1 * a + (1 - 1) * b) with a by ring. replace (1 * x + (1 - 1) * y) with x by ring. ring.
  - apply Req_le. replace (0 * a + (1 - 0) * b) with b by ring. replace (0 * x + (1 - 0) * y) with y by ring. ring.
Qed.

Lemma hellinger_term : forall u v, 0 < u -> 0 < v -> 2 * (u - sqrt u * sqrt v) <= u * ln (u / v).
Proof.
  intros u v U V. pose proof (sqrt_lt_R0 u U) as P. pose proof (sqrt_lt_R0 v V) as Q.
  pose proof (entropy_tangent _ _ P Q) as T.
  pose proof (sqrt_sqrt u (Rlt_le _ _ U)) as E. pose proof (sqrt_sqrt v (Rlt_le _ _ V)) as F.
  rewrite ln_quotient in * by assumption.
  assert (G : ln u = 2 * ln (sqrt u)) by (rewrite <- ln_square by assumption; f_equal; nra).
  assert (H : ln v = 2 * ln (sqrt v)) by (rewrite <- ln_square by assumption; f_equal; nra).
  rewrite G, H. clear G H. set (s := sqrt u) in *. set (t := sqrt v) in *. clearbody s t. subst.
  apply (Rmult_le_compat_l (2 * s)) in T; lra.
Qed.

Lemma hellinger : forall p q, 0 < p < 1 -> 0 < q < 1 -> (sqrt p - sqrt q) ^ 2 <= kl p q.
Proof.
  intros p q P Q. unfold kl.
  pose proof (hellinger_term p q) as S. pose proof (hellinger_term (1 - p) (1 - q)) as T.
  pose proof (pow2_ge_0 (sqrt (1 - p) - sqrt (1 - q))).
  pose proof (sqrt_sqrt p). pose proof (sqrt_sqrt q). pose proof (sqrt_sqrt (1 - p)). pose proof (sqrt_sqrt (1 - q)).
  specialize (S ltac:(lra) ltac:(lra)). specialize (T ltac:(lra) ltac:(lra)). nra.
Qed.

Lemma hoeffding_factor : forall p z, 0 <= p <= 1 -> 1 - p + p * exp z <= exp (p * z + z ^ 2 / 8).
Proof. intros p z P. apply below_exp; [apply coin_positive; assumption | apply hoeffding_coin; assumption]. Qed.

Lemma hoeffding_centred : forall p z, 0 <= p <= 1 -> p * exp (z * (1 - p)) + (1 - p) * exp (- (p * z)) <= exp (z ^ 2 / 8).
Proof.
  intros p z P. pose proof (hoeffding_factor p z P) as H.
  apply (Rmult_le_compat_r (exp (- (p * z)))) in H; [| left; apply exp_pos].
  rewrite <- exp_plus in H. replace (p * z + z ^ 2 / 8 + - (p * z)) with (z ^ 2 / 8) in H by ring.
  replace (z * (1 - p)) with (z + - (p * z)) by ring. rewrite exp_plus. lra.
Qed.

Lemma exp_mean : forall l x y, 0 <= l <= 1 -> exp (l * x + (1 - l) * y) <= l * exp x + (1 - l) * exp y.
Proof.
  intros l x y L. set (m := l * x + (1 - l) * y).
  pose proof (exp_above_tangent m x) as P. pose proof (exp_above_tangent m y) as Q.
  apply (Rmult_le_compat_l l) in P; [| lra]. apply (Rmult_le_compat_l (1 - l)) in Q; [| lra].
  replace (exp m) with (l * (exp m * (1 + x - m)) + (1 - l) * (exp m * (1 + y - m))); [lra | unfold m at 2 4; ring].
Qed.

Lemma young : forall a b r, 0 < a -> 0 < b -> 1 < r -> a * b <= Rpower a r / r + Rpower b (r / (r - 1)) * (r - 1) / r.
Proof.
  intros a b r A B R. pose proof (exp_mean (/ r) (r * ln a) (r / (r - 1) * ln b)) as E.
  assert (L : 0 <= / r <= 1) by (split; [left; apply Rinv_0_lt_compat; lra | rewrite <- Rinv_1; apply Rinv_le_contravar; lra]).
  specialize (E L). unfold Rpower.
  replace (/ r * (r * ln a) + (1 - / r) * (r / (r - 1) * ln b)) with (ln a + ln b) in E by (field; lra).
  rewrite exp_plus, !exp_ln in E by assumption.
  replace (exp (r * ln a) / r) with (/ r * exp (r * ln a)) by (field; lra).
  replace (exp (r / (r - 1) * ln b) * (r - 1) / r) with ((1 - / r) * exp (r / (r - 1) * ln b)) by (field; lra). lra.
Qed.

Lemma ln_below_power : forall a b, 0 < a -> 0 < b -> ln a <= Rpower a b * exp (-1) / b.
Proof.
  intros a b A B. unfold Rpower. pose proof (exp_above_tangent 1 (b * ln a)) as T.
  apply (Rmult_le_compat_l (exp (-1) / b)) in T; [| left; apply Rdiv_lt_0_compat; [apply exp_pos | lra]].
  replace (exp (-1) / b * (exp 1 * (1 + b * ln a - 1))) with ((exp (-1) * exp 1) * ln a) in T by (field; lra).
  rewrite <- exp_plus in T. replace (-1 + 1) with 0 in T by ring. rewrite exp_0 in T.
  replace (exp (b * ln a) * exp (-1) / b) with (exp (-1) / b * exp (b * ln a)) by (field; lra). lra.
Qed.

Lemma kl_over_larger : forall p q, 0 < p < 1 -> 0 < q < 1 -> (p - q) ^ 2 / (2 * Rmax p q) <= kl p q.
Proof.
  intros p q P Q. unfold Rmax. destruct (Rle_dec p q) as [H | H].
  - set (f := fun t => p * ln (p / t) + (1 - p) * ln ((1 - p) / (1 - t)) - (p - t) ^ 2 / (2 * t)).
    assert (0 <= f q); [| unfold f, kl in *; lra].
    apply (right_of f (fun t => (t - p) * ((t * (1 + t) - p * (1 - t)) / (2 * t ^ 2 * (1 - t)))) p q H).
    + unfold f, Rdiv. rewrite !Rinv_r, !ln_1 by lra. apply Req_le. field. lra.
    + intros t T. unfold f. derive; [repeat split; first [exact I | nonzero | sign] | field; lra].
    + intros t T. apply Rmult_le_pos; [lra | apply div_nonneg; [nra |]].
      apply Rmult_lt_0_compat; [nra | lra].
  - set (f := fun t => p * ln (p / t) + (1 - p) * ln ((1 - p) / (1 - t)) - (p - t) ^ 2 / (2 * p)).
    assert (0 <= f q); [| unfold f, kl in *; lra].
    apply (left_of f (fun t => (t - p) * ((p - t * (1 - t)) / (p * t * (1 - t)))) p q); [lra | | |].
    + unfold f, Rdiv. rewrite !Rinv_r, !ln_1 by lra. apply Req_le. field. lra.
    + intros t T. unfold f. derive; [repeat split; first [exact I | nonzero | sign] | field; lra].
    + intros t T. rewrite <- Ropp_mult_distr_l_reverse. apply Rmult_le_pos; [lra | apply div_nonneg; [nra |]].
      apply Rmult_lt_0_compat; [nra | lra].
Qed.

Lemma kl_inverse_pinsker : forall q a, 0 < q <= 1 -> 0 <= a -> kl_inverse q a <= q + sqrt 2 * sqrt a / 2.
Proof.
  intros q a Q A. destruct (kl_inverse_is_lub q a) as [_ L].
  pose proof (sqrt_pos 2) as S. pose proof (sqrt_pos a) as T.
  pose proof (sqrt_sqrt 2 ltac:(lra)) as U. pose proof (sqrt_sqrt a A) as V.
  apply (L (Finite (q + sqrt 2 * sqrt a / 2))). intros p [-> | (P & B & K)]; simpl; [nra |].
  pose proof (pinsker q p Q P) as H. apply Rnot_lt_le. intro N.
  assert (0 <= sqrt 2 * sqrt a / 2) by nra.
  assert (sqrt 2 * sqrt a / 2 * (sqrt 2 * sqrt a / 2) = a / 2).
  { replace (sqrt 2 * sqrt a / 2 * (sqrt 2 * sqrt a / 2)) with ((sqrt 2 * sqrt 2) * (sqrt a * sqrt a) / 4) by field.
    rewrite U, V. field. }
  nra.
Qed.

Lemma mean_log_rises : forall x y, 0 < x -> x <= y -> x * ln (1 + 1 / x) <= y * ln (1 + 1 / y).
Proof.
  intros x y X H.
  apply (rises (fun t => t * ln (1 + 1 / t)) (fun t => ln (1 + 1 / t) - 1 / (t + 1)) x y H); intros t T.
  - assert (0 < t) by lra. derivative.
  - pose proof (entropy_tangent (t + 1) t ltac:(lra) ltac:(lra)) as E.
    replace ((t + 1) / t) with (1 + 1 / t) in E by (field; lra).
    apply (Rmult_le_reg_l (t + 1)); [lra |].
    replace ((t + 1) * (ln (1 + 1 / t) - 1 / (t + 1))) with ((t + 1) * ln (1 + 1 / t) - 1) by (field; lra). lra.
Qed.

Lemma tanh_below : forall x, 0 <= x -> tanh x <= x.
Proof.
  intros x X. unfold tanh, sinh, cosh.
  assert (P : forall t, 0 < exp t + exp (- t)) by (intro t; pose proof (exp_pos t); pose proof (exp_pos (- t)); lra).
  assert (0 <= x - (exp x - exp (- x)) / (exp x + exp (- x))).
  { apply (right_of (fun t => t - (exp t - exp (- t)) / (exp t + exp (- t)))
      (fun t => ((exp t - exp (- t)) / (exp t + exp (- t))) ^ 2) 0 x X).
    - rewrite Ropp_0, exp_0. apply Req_le. field.
    - intros t T. specialize (P t). derive; [repeat split; lra | field; lra].
    - intros t T. apply pow2_ge_0. }
  replace ((exp x - exp (- x)) / 2 / ((exp x + exp (- x)) / 2)) with ((exp x - exp (- x)) / (exp x + exp (- x))); [lra |].
  specialize (P x). field. lra.
Qed.

(* The inequalities above where a goal is one of them, however its parts are written. *)
Ltac divergence :=
  match goal with
  | |- _ <= ?l * (?a * ln (?a / ?x) + ?c * ln (?c / ?z)) + (1 - ?l) * (?b * ln (?b / ?y) + ?d * ln (?d / ?w)) =>
    let S := fresh in let T := fresh in
    assert (S := log_sum_mean l a b x y); assert (T := log_sum_mean l c d z w);
    match goal with |- ?u * ln (?u / ?m) + ?v * ln (?v / ?n) <= _ =>
      replace (l * a + (1 - l) * b) with u in S by ring; replace (l * x + (1 - l) * y) with m in S by ring;
      replace (l * c + (1 - l) * d) with v in T by ring; replace (l * z + (1 - l) * w) with n in T by ring
    end;
    pose proof (S ltac:(lra) ltac:(lra) ltac:(lra) ltac:(lra) ltac:(lra));
    pose proof (T ltac:(lra) ltac:(lra) ltac:(lra) ltac:(lra) ltac:(lra)); lra
  | |- _ <= ?p * ln (?p / ?q) + (1 - ?p) * ln ((1 - ?p) / (1 - ?q)) =>
    change (p * ln (p / q) + (1 - p) * ln ((1 - p) / (1 - q))) with (kl p q);
    first [apply pinsker; lra | apply hellinger; lra | apply kl_over_larger; lra
          | eapply Rle_trans; [| apply pinsker; lra]; nra]
  | |- (?a + ?b) * ln ((?a + ?b) / (?x + ?y)) <= _ => apply log_sum; lra
  | |- ?u * ln (_ * ?v / ?u) <= ?v =>
    pose proof (entropy_tangent u v ltac:(sign) ltac:(sign)); logs; rewrite ln_quotient in * by sign; lra
  end.

Ltac moment :=
  match goal with
  | |- context [ln ?e] => match e with context [exp ?z] => match goal with P : 0 < ?p |- _ =>
      replace e with (1 - p + p * exp z) by ring; pose proof (hoeffding_coin p z ltac:(lra)); lra end end
  | |- _ <= exp (?p * ?z + ?z ^ 2 / 8) => pose proof (hoeffding_factor p z ltac:(lra)); lra
  | |- _ <= exp (_ ^ 2 / 8) => apply hoeffding_centred; lra
  | |- exp ?m <= ?l * exp ?x + _ * exp ?y => replace m with (l * x + (1 - l) * y) by field; apply exp_mean; lra
  | |- exp ?m <= exp ?x / ?k + exp ?y / _ =>
    replace m with (/ k * x + (1 - / k) * y) by field; pose proof (exp_mean (/ k) x y ltac:(lra)); lra
  end.

(* A mixture of two positive numbers is positive, whichever way it is written. *)
Lemma mixture_positive : forall l a b, 0 <= l <= 1 -> 0 < a -> 0 < b -> 0 < l * a + (1 - l) * b.
Proof. intros l a b [[L | <-] [M | ->]] A B; nra. Qed.

Ltac mixture :=
  match goal with
  | |- _ /\ _ => split; mixture
  | |- _ <> 0 => apply Rgt_not_eq; red; mixture
  | |- 0 <= _ => left; mixture
  | |- _ <= 1 => left; mixture
  | L : ?l <= 1 |- ?a * ?l + ?b * (1 - ?l) < 1 =>
    apply Rminus_gt_0_lt; replace (1 - (a * l + b * (1 - l))) with (l * (1 - a) + (1 - l) * (1 - b)) by ring;
    apply mixture_positive; lra
  | |- 0 < _ / _ => apply Rdiv_lt_0_compat; mixture
  | |- _ => solve [sign]
  | P : 0 < ?p |- 0 < ?e => match e with context [exp ?z] =>
      replace e with (1 - p + p * exp z) by ring; apply coin_positive; lra end
  | L : ?l <= 1 |- 0 < ?e => match e with
    | context [?a * l + ?b * (1 - l)] => replace e with (l * a + (1 - l) * b) by ring; apply mixture_positive; lra
    | context [- (?a * l) - ?b * (1 - l)] =>
      replace e with (l * (1 - a) + (1 - l) * (1 - b)) by ring; apply mixture_positive; lra
    end
  end.

Ltac convexity :=
  reals; try apply Rle_ge; unfold kl;
  first [ apply kl_inverse_pinsker; assumption || lra | apply kl_inverse_above | apply tanh_below; lra
        | apply mean_log_rises; lra | divergence | moment | apply young; assumption
        | match goal with |- ln ?a <= Rpower ?a ?b * exp ?e / ?b => replace e with (-1) by ring; apply ln_below_power; assumption end ].
