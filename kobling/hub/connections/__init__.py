"""How a client's systems are reached: opened connectors, their budgets, what they say of themselves."""
