"""`python -m podium.client`."""

from podium.client.main import main

main()
