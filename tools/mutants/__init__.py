"""Mutation testing of the core: wrong lines are put into it one at a time, and its tests must notice each.

``make mutants`` takes a sample of every room; see CONTRIBUTING.md. ``operators`` says which wrong lines there are,
``covering`` which tests run through a line, ``hook`` puts one wrong line in while tests run, ``survivors.toml`` keeps
those that no test needs to notice, each with its reason.
"""
