"""Microsoft Dataverse: what Dynamics 365 Sales keeps its records in, Web API v9.2."""
