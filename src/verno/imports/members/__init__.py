"""Files of members: what their columns mean, what a cell of people's own making says, a dry run, consents."""
