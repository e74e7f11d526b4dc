"""How people and companies come in: invited, asked, taken in, from a list; what each side lets the other one do."""
