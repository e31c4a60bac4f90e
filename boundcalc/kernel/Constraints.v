(* Goals under constraints: sizes opened in what is given, whole numbers, logarithms in the order of their arguments. *)
From Boundcalc Require Import Boundcalc.
Open Scope R_scope.

Ltac opened := unfold Rabs, Rmin, Rmax in *; repeat (destruct Rcase_abs || destruct Rle_dec); nra.

(* A whole number that is not above another one is at least 1 less than what is above. *)
Ltac whole_numbers :=
  apply IZR_le, Z.le_ngt; let G := fresh in intro G;
  apply Zlt_le_succ, IZR_le in G; unfold Z.succ in G; rewrite plus_IZR in G; nra.

Ltac ordered_logarithms :=
  logs;
  repeat match goal with
  | _ : ?x <= 1 / ?k |- context [ln ?x] => lazymatch goal with _ : ln x <= - ln k |- _ => fail | _ =>
      assert (ln x <= - ln k) by (rewrite <- ln_inverse by lra; apply ln_le; [sign | lra]) end
  | H : context [ln (?a / ?b)] |- _ => rewrite (ln_quotient a b) in H by sign
  | |- context [ln ?a] => match goal with |- context [ln ?b] =>
    lazymatch goal with _ : ln a <= ln b |- _ => fail | _ => assert (ln a <= ln b) by (apply ln_le; [sign | lra]) end end
  end;
  rewrite ?ln_1 in *; first [lra | nra | apply above_exp; [assumption | lra]].

(* What the reciprocal of a root says of the root's square. *)
Lemma below_square : forall x c, 0 < x -> 0 < c -> c <= 1 / sqrt x -> x <= / c ^ 2.
Proof.
  intros x c X C H. pose proof (sqrt_lt_R0 x X) as S. pose proof (sqrt_sqrt x (Rlt_le _ _ X)) as Q.
  apply (Rmult_le_compat_r (sqrt x)) in H; [| lra]. unfold Rdiv in H. rewrite Rmult_assoc, Rinv_l in H by lra.
  pose proof (pow_lt c 2 C) as D. apply (Rmult_le_reg_r (c ^ 2)); [assumption |]. rewrite Rinv_l by lra.
  assert (E : x * c ^ 2 = c * sqrt x * (c * sqrt x)) by (rewrite <- Q at 1; ring). rewrite E.
  assert (0 <= c * sqrt x) by (apply Rmult_le_pos; lra). nra.
Qed.

Ltac reciprocal_roots :=
  match goal with H : ?c <= 1 / sqrt ?x |- _ => pose proof (below_square x c ltac:(sign) ltac:(lra) H); lra end.

(* Roots of what is given and of the goal as variables. *)
Ltac given_roots :=
  repeat match goal with
  | H : context [sqrt ?a] |- _ => lazymatch goal with _ : sqrt a * sqrt a = a |- _ => fail | _ =>
      pose proof (sqrt_sqrt a ltac:(sign)); pose proof (sqrt_pos a) end
  | |- context [sqrt ?a] => lazymatch goal with _ : sqrt a * sqrt a = a |- _ => fail | _ =>
      pose proof (sqrt_sqrt a ltac:(sign)); pose proof (sqrt_pos a) end
  end;
  apply Rnot_lt_le; let N := fresh in intro N; nra.

Ltac constrained :=
  reals; try apply Rle_ge; try (rewrite <- sqrt_mult by sign; apply sqrt_le_1_alt);
  first [solve [opened] | solve [whole_numbers] | reciprocal_roots | solve [ordered_logarithms] | given_roots].
