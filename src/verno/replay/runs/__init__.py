"""Runs of replays: started by somebody, done by a worker, watched, cancelled, and kept with what came out."""
