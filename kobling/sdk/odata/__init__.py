"""OData v4 as several systems speak it: queries, pages, batches, tables. Nothing of one vendor."""
