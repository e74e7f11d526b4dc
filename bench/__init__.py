"""Benchmarks: Kobling's CPU, time, memory and requests beside a lean loop that does the bare HTTP work."""
