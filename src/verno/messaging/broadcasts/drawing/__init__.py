"""The arithmetic of broadcasts: who gets what and when, how many it takes, who won, what it brought. Pure."""
