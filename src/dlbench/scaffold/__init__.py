"""New plugins: a distribution that installs, passes its own tests and brings a working component."""
