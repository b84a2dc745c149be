"""Policy gradients with a clipped ratio: what PPO and RLOO share. Only updates import it, so it may load torch."""
