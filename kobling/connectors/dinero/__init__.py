"""Dinero, Danish accounting: contacts, products, invoices, credit notes and payments over api.dinero.dk."""
