#!/usr/bin/env bash
# Run (or only gate) an experiment, and leave its outcome, reports, annotations and summary where GitHub looks for them.
# Asks for: EXPERIMENT, GITHUB_OUTPUT, GITHUB_STEP_SUMMARY; may have ARGUMENTS and GATE_ONLY.
# Exits with 0: the action's last step exits with the gate's code, when everything has been shown.
set -uo pipefail

if [[ "${GATE_ONLY:-false}" == true ]]; then command=gate; else command=run; fi
# Several words on purpose, and no pattern of them is a file's name.
set -f
tastemaker "$command" "$EXPERIMENT" ${ARGUMENTS:-}
code=$?
set +f

case $code in
  0) outcome=pass ;; 1) outcome=fail ;; 3) outcome=inconclusive ;; 4) outcome=incomplete ;; *) outcome=mistake ;;
esac
name=$(basename "$EXPERIMENT" .yaml | tr -c 'A-Za-z0-9._\n-' '-')
{
  echo "exit-code=$code"
  echo "outcome=$outcome"
  echo "name=$name"
} >>"$GITHUB_OUTPUT"
if [[ $outcome == mistake ]]; then
  echo "Tastemaker could not run \`$name\` (exit code $code): see the log." >>"$GITHUB_STEP_SUMMARY"
  exit 0
fi

reports=reports/out/$name
tastemaker report "$EXPERIMENT" -o "$reports"/report.md -o "$reports"/report.xml -o "$reports"/report.html \
  -o "$reports"/report.csv -o "$reports"/report.json -o "$reports"/forest.svg || exit
tastemaker report "$EXPERIMENT" --format github || exit
cat "$reports/report.md" >>"$GITHUB_STEP_SUMMARY"
echo "reports=$reports" >>"$GITHUB_OUTPUT"
