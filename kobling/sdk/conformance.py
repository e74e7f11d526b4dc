"""The contract suite: what every connector must do, whatever its vendor.

A connector's test file derives a class from ``ConnectorContract`` and gives it a fixture ``rig`` (see
``conformance_rig``): a vendor of some lines in the same process, a rig around a simulator, or a memory rig. What a rig
cannot do (faults, counters, clocks apart, sessions that end) is skipped.
"""

from kobling.sdk.conformance_faults import FaultContract
from kobling.sdk.conformance_inprocess import Asked, InProcessRig, Rows, SmallVendor
from kobling.sdk.conformance_reading import ReadingContract
from kobling.sdk.conformance_rig import MemoryRig, Rig, SimulatorRig, Subject, simulator_rig
from kobling.sdk.conformance_writing import WritingContract


class ConnectorContract(ReadingContract, WritingContract, FaultContract):
    """Every promise, as tests that want a fixture ``rig``."""


__all__ = [
    "Asked",
    "ConnectorContract",
    "InProcessRig",
    "MemoryRig",
    "Rig",
    "Rows",
    "SimulatorRig",
    "SmallVendor",
    "Subject",
    "simulator_rig",
]
