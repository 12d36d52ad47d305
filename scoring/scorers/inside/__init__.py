"""What runs in a sandbox beside a host's scorer: scripts, each started by its path."""
