"""Settings, Scoring: production scoring, and judges beside people."""
