"""The ledger: every change that runs have made with its click, what was made and settled, what failed; its SQL."""
