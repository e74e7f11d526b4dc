"""The whole engine between two systems in memory, with everything that can go wrong, decided by one number.

A seed decides the two systems and the rules between them (``world``), what people do (``people``), what goes wrong
(``weather``) and when we are killed. What happened is kept in the scenario's own log (``book``); from it alone the
``oracle`` says what must hold once all is quiet. ``scenario.play`` plays a seed, ``shrink`` makes a failing one short.
"""
