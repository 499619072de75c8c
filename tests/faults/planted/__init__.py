"""Five bugs that messaging systems really have, each planted in the running system: the harness must find it."""
