"""The Prometheus text format (0.0.4), read strictly."""

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"^({NAME})(?:\{{(.*)\}})? (\S+)$")
LABEL = re.compile(rf'({NAME})="((?:[^"\\]|\\.)*)"(?:,|$)')
COMMENT = re.compile(rf"^# (HELP|TYPE) ({NAME}) (.*)$")


class Metrics:
    """Samples by name and labels. Any line that is no such text is an error."""

    def __init__(self, text):
        self.samples = {}
        self.types = {}
        self.helps = {}
        assert text.endswith("\n"), "the last line has no end"
        for line in text.splitlines():
            if line.startswith("#"):
                self._comment(line)
            elif line:
                self._sample(line)

    def _comment(self, line):
        match = COMMENT.match(line)
        assert match, f"no comment of the format: {line}"
        kind, name, rest = match.groups()
        known = self.types if kind == "TYPE" else self.helps
        assert name not in known, f"{kind} of {name} twice"
        known[name] = rest

    def _sample(self, line):
        match = SAMPLE.match(line)
        assert match, f"no sample of the format: {line}"
        name, labels, value = match.groups()
        found = LABEL.findall(labels or "")
        assert "".join(f'{key}="{text}",' for key, text in found).rstrip(",") == (labels or "")
        key = (name, tuple(sorted(found)))
        assert key not in self.samples, f"twice: {line}"
        self.samples[key] = float(value)

    def series(self, name, **labels):
        """Labels and value of each of this name that has these labels."""
        wanted = set(labels.items())
        return [
            (dict(pairs), value)
            for (found, pairs), value in self.samples.items()
            if found == name and wanted <= set(pairs)
        ]

    def sum(self, name, **labels):
        """Of all series of this name that have these labels; 0 when there is none."""
        return sum(value for _, value in self.series(name, **labels))

    def names(self):
        return {name for name, _ in self.samples}
