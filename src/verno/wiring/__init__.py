"""The joints of the house: settings, addresses, dictionaries, the worker."""
