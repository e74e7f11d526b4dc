"""The contract suite: what every connector must do, whatever its vendor.

A connector's test file derives a class from ``ConnectorContract`` and gives it a fixture ``rig`` (see
``conformance_rig``): a simulator rig around the vendor's simulator, or a memory rig.
"""

from kobling.sdk.conformance_faults import FaultContract
from kobling.sdk.conformance_reading import ReadingContract
from kobling.sdk.conformance_rig import MemoryRig, Rig, SimulatorRig, Subject, simulator_rig
from kobling.sdk.conformance_writing import WritingContract


class ConnectorContract(ReadingContract, WritingContract, FaultContract):
    """Every promise, as tests that want a fixture ``rig``."""


__all__ = ["ConnectorContract", "MemoryRig", "Rig", "SimulatorRig", "Subject", "simulator_rig"]
