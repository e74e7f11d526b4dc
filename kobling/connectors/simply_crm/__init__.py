"""Simply CRM, a vTiger: organisations, contacts, products, services and invoices over webservice.php."""
