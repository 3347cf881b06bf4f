"""What the service measures of itself, in Prometheus' form."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

MOMENTS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
STEPS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


class Metrics:
    """Counters and histograms of one service; a registry of its own, so that several may live in a process.

    Labels are routes and model names that are served, never what a client made up.
    """

    def __init__(self, currency: str) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.requests = Counter("dono_requests", "Requests ended", ["route", "model", "status"], registry=registry)
        self.errors = Counter("dono_errors", "Requests that were not served", ["route", "code"], registry=registry)
        self.tokens = Counter("dono_tokens", "Tokens read and written", ["model", "kind"], registry=registry)
        self.cost = Counter("dono_cost", f"Cost of requests in {currency}", ["model"], registry=registry)
        self.first = Histogram(
            "dono_time_to_first_token_seconds",
            "From request to first token",
            ["model"],
            buckets=MOMENTS,
            registry=registry,
        )
        self.between = Histogram(
            "dono_inter_token_latency_seconds",
            "Between tokens of an answer",
            ["model"],
            buckets=STEPS,
            registry=registry,
        )
        self.seconds = Histogram(
            "dono_request_seconds", "Whole requests", ["route"], buckets=MOMENTS, registry=registry
        )
        self.running = Gauge("dono_answers_running", "Answers under way", ["model"], registry=registry)
        self.waiting = Gauge("dono_answers_waiting", "Answers in the queue", ["model"], registry=registry)
        self.figures = Gauge("dono_engine", "Figures of an engine", ["model", "figure"], registry=registry)

    def text(self) -> bytes:
        """The page that Prometheus reads."""
        return generate_latest(self.registry)
