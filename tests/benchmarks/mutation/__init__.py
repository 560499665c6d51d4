"""Mistakes made on purpose in right models: ``python -m tests.benchmarks.mutation``.

The zoo is what the rules of diagnosis were written with, so it cannot say how often they are right elsewhere. Here each
operator makes one small mistake that people are known to make, at every place of every healthy model where it can be
made. The operators are after published lists, for recurrent nets and Transformers:

- DeepCrime (Humbatova, Jahangirova, Tonella, ISSTA 2021, https://zenodo.org/record/5082873): 35 operators from three
  studies of real faults;
- DEForm of DEFault++ (Jahan, 2026, https://arxiv.org/abs/2604.28118): twelve categories of faults of Transformers, as
  of masks, of query, key and value, of positions, residuals, normalization, caches and losses;
- reports of users, which the models of ``tests/zoo/bugs`` cite.
"""
