"""Words of the bench."""

from statistics import median

import msgspec


class Http(msgspec.Struct, frozen=True):
    """One round of single receipts over HTTP. ``client_cpu`` is wrk's share of one processor."""

    receipts_per_second: float
    client_cpu: float
    server_peak_mb: float


class Round(msgspec.Struct, frozen=True):
    """One round on one server: pgbench, the bulk path, the HTTP path (None: not measured)."""

    pgbench_per_second: float
    bulk_per_second: float
    http: Http | None

    @property
    def bulk_ratio(self) -> float:
        """Return bulk receipts for each transaction of pgbench."""
        return self.bulk_per_second / self.pgbench_per_second

    @property
    def http_ratio(self) -> float | None:
        """Return receipts over HTTP for each transaction of pgbench."""
        return self.http.receipts_per_second / self.pgbench_per_second if self.http else None


class FileImport(msgspec.Struct, frozen=True):
    """One import of a file by the command, as a process of its own."""

    receipts: int
    lines: int
    seconds: float
    peak_mb: float


class Result(msgspec.Struct, frozen=True):
    """All rounds; the ratios are of the same round, the summary is their median."""

    processors: int
    seconds_a_part: int
    rounds: list[Round]
    file_import: FileImport

    def summary(self) -> dict[str, object]:
        """Return what is printed, figures rounded."""
        https = [one.http for one in self.rounds if one.http]
        ratios = [one.http_ratio for one in self.rounds if one.http_ratio is not None]
        return {
            "processors": self.processors,
            "seconds_a_part": self.seconds_a_part,
            "pgbench_per_second": round(median(one.pgbench_per_second for one in self.rounds)),
            "bulk_per_second": round(median(one.bulk_per_second for one in self.rounds)),
            "bulk_ratio": round(median(one.bulk_ratio for one in self.rounds), 2),
            "http_per_second": round(median(one.receipts_per_second for one in https)) if https else None,
            "http_ratio": round(median(ratios), 2) if ratios else None,
            "wrk_cpu": round(median(one.client_cpu for one in https), 2) if https else None,
            "server_peak_mb": round(max(one.server_peak_mb for one in https)) if https else None,
            "import_per_second": round(self.file_import.receipts / self.file_import.seconds),
            "import_peak_mb": round(self.file_import.peak_mb),
            "rounds": [
                {
                    "pgbench_per_second": round(one.pgbench_per_second),
                    "bulk_per_second": round(one.bulk_per_second),
                    "bulk_ratio": round(one.bulk_ratio, 2),
                    "http_per_second": round(one.http.receipts_per_second) if one.http else None,
                    "http_ratio": round(one.http_ratio, 2) if one.http_ratio is not None else None,
                }
                for one in self.rounds
            ],
        }
