#!/bin/sh
# A trainer in the shell, written from trainers/README.md alone: proof that the protocol needs no library and no Python.
# It learns how many words there are. WORDS_PER_STEP, its option, has no meaning but to show that options arrive.
words_per_step=$1
cd "$2" || exit 74

number() { sed -n "s/.*\"$1\": *\([0-9][0-9]*\).*/\1/p" job.json | head -n 1; }
say() { printf '%s\n' "$1" >>progress.jsonl; }

epochs=$(number n_epochs)
batch=$(number batch_size)
examples=$(grep -c . training.jsonl)
words=$(wc -w <training.jsonl | tr -d ' ')
per_epoch=$(((examples + batch - 1) / batch))
total=$((per_epoch * epochs))

step=0
if [ -f state ]; then
    step=$(cat state)
else
    say '{"type": "message", "message": "Counting words in the shell"}'
fi
trap 'stop=1' TERM

while [ "$step" -lt "$total" ]; do
    step=$((step + 1))
    loss=$(awk "BEGIN { print $words_per_step / $step }")
    [ -n "$loss" ] || exit 143 # SIGTERM goes to the whole group, awk included
    say "{\"type\": \"metrics\", \"step\": $step, \"total_steps\": $total, \"train_loss\": $loss}"
    if [ $((step % per_epoch)) -eq 0 ]; then
        mkdir -p "model-$step" && echo "$words" >"model-$step/words"
        say "{\"type\": \"checkpoint\", \"step\": $step, \"path\": \"model-$step\", \"metrics\": {\"train_loss\": $loss}}"
    fi
    echo "$step" >state.new && mv state.new state
    [ -z "$stop" ] || exit 143
done
say "{\"type\": \"result\", \"checkpoint\": $total, \"trained_tokens\": $((words * epochs))}"
