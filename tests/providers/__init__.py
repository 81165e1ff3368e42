"""Near providers from end to end: the commands and the official SDKs against a fake of each."""
