"""The suite's own assertions explain themselves as tests' do."""

import pytest

for part in ("rig", "reading", "writing", "faults"):
    pytest.register_assert_rewrite(f"kobling.sdk.conformance_{part}")
