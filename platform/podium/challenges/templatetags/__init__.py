"""Template tags of the app `challenges`."""
