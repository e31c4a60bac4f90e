"""Ying, Campbell 2009: learning the kernel, by Rademacher chaos."""
