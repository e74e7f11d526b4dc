"""What connectors are made of: the promises, the way out over HTTP, signing in, allowances, and the contract suite."""
