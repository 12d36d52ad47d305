"""The participant's client: the command `podium` over the REST API. It knows nothing of Django."""
