#!/bin/sh
# Every small run of the reproduction, one after another; a run that was stopped goes on, a finished one is not repeated.
# Usage, from the project's root: [INTO=FOLDER] docs/reproduction/run.sh [ARM-SEED …]
set -eu
here=${INTO:-docs/reproduction}
mkdir -p "$here"
default="exploit-only-1 opposite-filter-1 ppo-sequential-1 exploit-only-2 opposite-filter-2 exploit-only-3
opposite-filter-3 small-1 random-filter-1 nudged-alone-1 insubordinate-alone-1 flattery-alone-1 ppo-parallel-1
train-away-1 early-stage-penalty-1 alternate-prompts-1 no-normal-queries-1 controls-1 steering-1 told-to-1
random-filter-2"

once() { # FOLDER ARGUMENTS-OF-RUN…: resume what was begun, begin what was not
    folder=$1
    shift
    if [ -f "$folder/manifest.json" ]; then gameable resume "$folder"; else gameable run "$@" --out "$folder"; fi
}

[ -d runs/small-start/checkpoints/start ] || once runs/small-start small-start
for each in ${*:-$default}; do
    [ -f "$here/$each.json" ] && continue
    arm=${each%-*} seed=${each##*-}
    profile=small-$arm
    [ "$arm" = small ] && profile=small
    [ -f "$here/$arm.yaml" ] && profile=$here/$arm.yaml
    once "runs/$each" "$profile" --set seed="$seed"
    gameable summary "runs/$each" --arm "$arm" > "$here/$each.part"
    mv "$here/$each.part" "$here/$each.json"
done
