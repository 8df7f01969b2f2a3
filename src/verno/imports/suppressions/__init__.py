"""Lists of addresses that an earlier provider did not write to any more."""
