"""Contract checks that every plug-in must pass: one tuple of checks for each kind of plug-in.

A check is a function of a case; it returns nothing, or raises ContractError with the broken rule. With pytest::

    @pytest.mark.parametrize("check", POLICY_CHECKS)
    def test_my_policy_keeps_the_contract(check):
        check(PolicyCase(MyPolicy))
"""

from harness.testing.contract import ContractError
from harness.testing.executors import EXECUTOR_CHECKS
from harness.testing.oracle_case import OracleCase
from harness.testing.oracles import ORACLE_CHECKS
from harness.testing.policies import POLICY_CHECKS
from harness.testing.policy_case import PolicyCase
from harness.testing.spaces import SPACE_CHECKS
from harness.testing.tables import TABLE_CHECKS

__all__ = [
    "EXECUTOR_CHECKS",
    "ORACLE_CHECKS",
    "POLICY_CHECKS",
    "SPACE_CHECKS",
    "TABLE_CHECKS",
    "ContractError",
    "OracleCase",
    "PolicyCase",
]
