from __future__ import annotations

from dataplane.volumes.problems import MountProblem, of_volume, together


def test_problems_are_told_together_in_kubernetes_words() -> None:
    first, second = MountProblem("no a"), MountProblem("no b")
    assert str(together([first])) == "no a"
    assert str(together([first, second])) == "[no a, no b]"
    assert str(of_volume("data", first)) == 'MountVolume.SetUp failed for volume "data" : no a'
