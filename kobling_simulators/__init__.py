"""Stateful stand-ins for the vendors, over HTTP, as strict as the vendors' contracts.

Every simulator is written from the vendor's contract alone and knows nothing of our connectors, so that one can catch
the other's mistake. Docstring lines that begin with "Fidelity:" say how sure a behaviour is (known, inferred, assumed)
and which section of the contract it comes from.
"""

from kobling_simulators.clock import Clock
from kobling_simulators.serve import Running, build, serve, start, vendors
from kobling_simulators.thread import SimulatorThread

__all__ = ["Clock", "Running", "SimulatorThread", "build", "serve", "start", "vendors"]
