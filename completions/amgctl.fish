# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_amgctl_global_optspecs
    string join \n v/verbose no-color h/help V/version
end

function __fish_amgctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_amgctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_amgctl_using_subcommand
    set -l cmd (__fish_amgctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c amgctl -n "__fish_amgctl_needs_command" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_needs_command" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_needs_command" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_needs_command" -s V -l version -d 'Print version'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "init" -d 'Write an amgctl.yaml and the schema that editors complete it by'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "validate" -d 'Check a directory without a workspace'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "plan" -d 'Show what apply would change; sends nothing but reads'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "apply" -d 'Make the workspace equal to the directory'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "destroy" -d 'Remove everything of the stack from the workspace'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "unlock" -d 'End another run\'s lease on the stack early'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "forget" -d 'Forget an object: leave it in the workspace and out of the record'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "sandbox" -d 'Serve the embedded workspace until interrupted'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "schema" -d 'Print the JSON Schema of amgctl.yaml'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "completions" -d 'Print the completions of a shell'
complete -c amgctl -n "__fish_amgctl_using_subcommand init" -l stack -d 'The stack\'s name; the directory\'s name otherwise' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand init" -l url -d 'The workspace\'s URL' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand init" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand init" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand init" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l url -d 'The workspace\'s URL, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l stack -d 'The stack\'s name, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l adopt -d 'Take existing, unowned objects into the stack: all that the directory declares, or the addresses given' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l target -d 'Plan only this object and what it needs (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l replace -d 'Delete this data source and make it anew where it cannot be changed in place (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l unprotect -d 'Lift the protection of this object (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l max-destroy -d 'Allow this many objects to be destroyed' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l take-over-stack -d 'Take over the record of a stack that has another name now' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l on-drift -d 'What to do about changes made outside when nobody is asked' -r -f -a "refuse\t'Leave the object as it is and say so'
overwrite\t'Overwrite what was changed outside'"
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l unknown-references -d 'What to make of references to what neither the directory nor the workspace has' -r -f -a "error\t'Write nothing'
warn\t'Say so and go on'"
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l delete-adopted -d 'Delete adopted objects that left the directory, instead of releasing them'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l send-secrets -d 'Send secrets although nobody knows whether they changed (with ownership: none)'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l allow-empty -d 'Let an empty directory take the whole stack down'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l take-over -d 'Take over a stack that was applied from another place'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l detailed-exitcode -d 'Exit with 2 when there are changes'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l destroy -d 'Plan to destroy the stack'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l url -d 'The workspace\'s URL, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l stack -d 'The stack\'s name, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l adopt -d 'Take existing, unowned objects into the stack: all that the directory declares, or the addresses given' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l target -d 'Plan only this object and what it needs (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l replace -d 'Delete this data source and make it anew where it cannot be changed in place (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l unprotect -d 'Lift the protection of this object (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l max-destroy -d 'Allow this many objects to be destroyed' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l take-over-stack -d 'Take over the record of a stack that has another name now' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l on-drift -d 'What to do about changes made outside when nobody is asked' -r -f -a "refuse\t'Leave the object as it is and say so'
overwrite\t'Overwrite what was changed outside'"
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l unknown-references -d 'What to make of references to what neither the directory nor the workspace has' -r -f -a "error\t'Write nothing'
warn\t'Say so and go on'"
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l input -d 'Whether to ask for what is missing; with false nothing is asked and the run refuses instead' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l lock-timeout -d 'How long to wait for another run\'s lease, as 30s or 10m' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l parallelism -d 'The most writes in flight at once; fewer while the server is strained' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l delete-adopted -d 'Delete adopted objects that left the directory, instead of releasing them'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l send-secrets -d 'Send secrets although nobody knows whether they changed (with ownership: none)'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l allow-empty -d 'Let an empty directory take the whole stack down'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l take-over -d 'Take over a stack that was applied from another place'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l auto-approve -l yes -d 'Do not ask'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l url -d 'The workspace\'s URL, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l stack -d 'The stack\'s name, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l adopt -d 'Take existing, unowned objects into the stack: all that the directory declares, or the addresses given' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l target -d 'Plan only this object and what it needs (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l replace -d 'Delete this data source and make it anew where it cannot be changed in place (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l unprotect -d 'Lift the protection of this object (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l max-destroy -d 'Allow this many objects to be destroyed' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l take-over-stack -d 'Take over the record of a stack that has another name now' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l on-drift -d 'What to do about changes made outside when nobody is asked' -r -f -a "refuse\t'Leave the object as it is and say so'
overwrite\t'Overwrite what was changed outside'"
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l unknown-references -d 'What to make of references to what neither the directory nor the workspace has' -r -f -a "error\t'Write nothing'
warn\t'Say so and go on'"
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l input -d 'Whether to ask for what is missing; with false nothing is asked and the run refuses instead' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l lock-timeout -d 'How long to wait for another run\'s lease, as 30s or 10m' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l parallelism -d 'The most writes in flight at once; fewer while the server is strained' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l delete-adopted -d 'Delete adopted objects that left the directory, instead of releasing them'
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l send-secrets -d 'Send secrets although nobody knows whether they changed (with ownership: none)'
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l allow-empty -d 'Let an empty directory take the whole stack down'
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l take-over -d 'Take over a stack that was applied from another place'
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l auto-approve -l yes -d 'Do not ask'
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -l directory -d 'The directory' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -l url -d 'The workspace\'s URL, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -l stack -d 'The stack\'s name, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -l directory -d 'The directory' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -l url -d 'The workspace\'s URL, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -l stack -d 'The stack\'s name, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand sandbox" -l port -d 'The port on loopback; any that is free otherwise' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand sandbox" -l grafana -d 'The version of Grafana to answer as' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand sandbox" -l latency -d 'Let every answer wait this long, as 20ms' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand sandbox" -l fault -d 'Let something go wrong, as 502@3 or busy (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand sandbox" -l seed-dir -d 'Begin with the dashboards of a directory; its sub-directories are folders' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand sandbox" -l ephemeral -d 'Keep nothing on disk'
complete -c amgctl -n "__fish_amgctl_using_subcommand sandbox" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand sandbox" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand sandbox" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand schema" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand schema" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand schema" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand completions" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand completions" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand completions" -s h -l help -d 'Print help'
