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
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "show" -d 'Show a saved plan'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "drift" -d 'Show what was changed outside since the last apply, by whom and when; sends nothing but reads'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "import" -d 'Write what the workspace has as files, and take it into the stack'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "list" -d 'List what the stack owns: where it is declared, its version, who saved it last'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "doctor" -d 'Say whether this will work: credentials, workspace, rights, plugins, limits, record; and what to do where not'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "pull" -d 'Bring what was changed in the workspace back into the files'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "diff" -d 'Show how two files, two directories, or a file and a live object differ'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "reconcile" -d 'Apply the directory again and again, and repair or report what was changed outside'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "unlock" -d 'End another run\'s lease on the stack early'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "forget" -d 'Forget an object: leave it in the workspace and out of the record'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "bootstrap-identity" -d 'Make, renew and store the stack\'s access to an Amazon Managed Grafana workspace'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "bootstrap-api-key" -d 'The same with an API key, for workspaces before Grafana 12'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "identity" -d 'Look after the stack\'s access: status, rotation, what may be deleted, IAM policies'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "workspace" -d 'See the workspaces of Amazon Managed Grafana: list, show'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "sandbox" -d 'Serve the embedded workspace until interrupted'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "schema" -d 'Print the JSON Schema of amgctl.yaml, or of saved plans'
complete -c amgctl -n "__fish_amgctl_needs_command" -f -a "completions" -d 'Print the completions of a shell'
complete -c amgctl -n "__fish_amgctl_using_subcommand init" -l stack -d 'The stack\'s name; the directory\'s name otherwise' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand init" -l url -d 'The URL of a Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand init" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand init" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand init" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand init" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -l configmaps -d 'Read also dashboards in ConfigMaps without the label grafana_dashboard' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -l from-flux -d 'Read what the Flux Kustomization of this file applies, with its variables, instead of those in the directory' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -l var -d 'Give a variable of manifests its value, before all others; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -l var-file -d 'Read variables of manifests from a file of lines NAME=VALUE, or of YAML or JSON; can be given several times' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -l lenient-vars -d 'Take a variable without a value as empty, as Flux did before 2.9' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -l origin -d 'Where the directory is kept, as github.com/acme/infra, AMGCTL_ORIGIN otherwise, instead of what git or the CI says' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -l url-map -d 'Read contents below a URL from a directory, as `https://grafana.com/=mirror`; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -l target-grafana -d 'Which Grafana resource of the directory it is applied to, where it has several: NAME or NAMESPACE/NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -l strict -d 'Make every warning an error' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -l secret -d 'The value of a key of a Secret that manifests refer to, before what the directory has (may be repeated); sources are env:VARIABLE, file:PATH, sm:ID#PROPERTY and ssm:NAME, and what AWS keeps is not looked at here' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -l report -d 'Report in a format too: markdown=FILE, html=FILE, junit=FILE, sarif=FILE, github (comment, step summary, annotations, outputs) or gitlab[=DIR] (note, artefacts); can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -l json -d 'Print what was found as JSON, in the format of `terraform validate -json`'
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand validate" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l configmaps -d 'Read also dashboards in ConfigMaps without the label grafana_dashboard' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l from-flux -d 'Read what the Flux Kustomization of this file applies, with its variables, instead of those in the directory' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l var -d 'Give a variable of manifests its value, before all others; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l var-file -d 'Read variables of manifests from a file of lines NAME=VALUE, or of YAML or JSON; can be given several times' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l lenient-vars -d 'Take a variable without a value as empty, as Flux did before 2.9' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l origin -d 'Where the directory is kept, as github.com/acme/infra, AMGCTL_ORIGIN otherwise, instead of what git or the CI says' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l url-map -d 'Read contents below a URL from a directory, as `https://grafana.com/=mirror`; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l target-grafana -d 'Which Grafana resource of the directory it is applied to, where it has several: NAME or NAMESPACE/NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l strict -d 'Make every warning an error' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l url -d 'The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region\'s only active one' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l stack -d 'The stack\'s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l wait -d 'Wait for a workspace that is being made or changed, 20m at most or as long as is said' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l secret -d 'The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise. As NAMESPACE/NAME.KEY=SOURCE the value of a key of a Secret that manifests refer to, before what the directory has (may be repeated); sources are env:VARIABLE, file:PATH, sm:ID#PROPERTY and ssm:NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l token-ttl -d 'How long the token that is made for this run lives, as 15m; a longer run renews it' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l target -d 'Plan only this object and what it needs (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l unprotect -d 'Lift the protection of this object (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l take-over-stack -d 'Take over the record of a stack that has another name now' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l on-drift -d 'What to do about changes made outside when nobody is asked; a plan shows what refuse and report would leave alone' -r -f -a "refuse\t'Leave the object as it is and say so'
overwrite\t'Overwrite what was changed outside'
report\t'Leave the object as it is and report it; the run is a success all the same'"
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l adopt -d 'Take existing, unowned objects into the stack: all that the directory declares, or the addresses given' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l take-from -d 'Adopt also what this other tool manages, as kubectl:gcx, and take its mark away (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l replace -d 'Delete this data source and make it anew where it cannot be changed in place (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l max-destroy -d 'Allow this many objects to be destroyed' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l unknown-references -d 'What to make of references to what neither the directory nor the workspace has' -r -f -a "error\t'Write nothing'
warn\t'Say so and go on'"
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l input -d 'Whether to ask for what is missing; a plan asks nothing either way' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l out -d 'Save the plan in a file, which `apply FILE` carries out and `show FILE` shows' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l report -d 'Report in a format too: markdown=FILE, html=FILE, junit=FILE, sarif=FILE, github (comment, step summary, annotations, outputs) or gitlab[=DIR] (note, artefacts); can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l delete-adopted -d 'Delete adopted objects that left the directory, instead of releasing them'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l take-over -d 'Take over a stack that was applied from another place'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l send-secrets -d 'Send secrets although nobody knows whether they changed (with ownership: none)'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l allow-empty -d 'Let an empty directory take the whole stack down'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l detailed-exitcode -d 'Exit with 2 when there are changes, and with 9 when the token may not read all that a plan depends on'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l upgrade -d 'Take the newest revisions of dashboards of grafana.com, and pin them in amgctl.lock'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l destroy -d 'Plan to destroy the stack'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l self-contained -d 'Put into that file what is written too, so that it can be applied without the directory; no secret is in it'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l json -d 'Print events as lines of JSON in the words of Terraform\'s stream, and nothing else on stdout'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l configmaps -d 'Read also dashboards in ConfigMaps without the label grafana_dashboard' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l from-flux -d 'Read what the Flux Kustomization of this file applies, with its variables, instead of those in the directory' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l var -d 'Give a variable of manifests its value, before all others; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l var-file -d 'Read variables of manifests from a file of lines NAME=VALUE, or of YAML or JSON; can be given several times' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l lenient-vars -d 'Take a variable without a value as empty, as Flux did before 2.9' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l origin -d 'Where the directory is kept, as github.com/acme/infra, AMGCTL_ORIGIN otherwise, instead of what git or the CI says' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l url-map -d 'Read contents below a URL from a directory, as `https://grafana.com/=mirror`; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l target-grafana -d 'Which Grafana resource of the directory it is applied to, where it has several: NAME or NAMESPACE/NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l strict -d 'Make every warning an error' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l url -d 'The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region\'s only active one' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l stack -d 'The stack\'s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l wait -d 'Wait for a workspace that is being made or changed, 20m at most or as long as is said' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l secret -d 'The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise. As NAMESPACE/NAME.KEY=SOURCE the value of a key of a Secret that manifests refer to, before what the directory has (may be repeated); sources are env:VARIABLE, file:PATH, sm:ID#PROPERTY and ssm:NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l token-ttl -d 'How long the token that is made for this run lives, as 15m; a longer run renews it' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l target -d 'Plan only this object and what it needs (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l unprotect -d 'Lift the protection of this object (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l take-over-stack -d 'Take over the record of a stack that has another name now' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l on-drift -d 'What to do about changes made outside when nobody is asked; a plan shows what refuse and report would leave alone' -r -f -a "refuse\t'Leave the object as it is and say so'
overwrite\t'Overwrite what was changed outside'
report\t'Leave the object as it is and report it; the run is a success all the same'"
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l adopt -d 'Take existing, unowned objects into the stack: all that the directory declares, or the addresses given' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l take-from -d 'Adopt also what this other tool manages, as kubectl:gcx, and take its mark away (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l replace -d 'Delete this data source and make it anew where it cannot be changed in place (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l max-destroy -d 'Allow this many objects to be destroyed' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l unknown-references -d 'What to make of references to what neither the directory nor the workspace has' -r -f -a "error\t'Write nothing'
warn\t'Say so and go on'"
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l input -d 'Whether to ask for what is missing; with false nothing is asked and the run refuses instead' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l lock-timeout -d 'How long to wait for another run\'s lease, as 30s or 10m' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l parallelism -d 'The most writes in flight at once; fewer while the server is strained' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l log -d 'Add lines of JSON to a file: who wrote what, when, from which commit, with digests before and after' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l report -d 'Report in a format too: markdown=FILE, html=FILE, junit=FILE, sarif=FILE, github (comment, step summary, annotations, outputs) or gitlab[=DIR] (note, artefacts); can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l directory -d 'The directory that a saved plan was made from, where it is elsewhere by now' -r -f -a "(__fish_complete_directories)"
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l digest -d 'The digest of the saved plan, as `plan --out` printed it; another file is refused' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l reviewed -d 'Plan anew, and go on without asking where that is what this saved plan shows' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l delete-adopted -d 'Delete adopted objects that left the directory, instead of releasing them'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l take-over -d 'Take over a stack that was applied from another place'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l send-secrets -d 'Send secrets although nobody knows whether they changed (with ownership: none)'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l allow-empty -d 'Let an empty directory take the whole stack down'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l auto-approve -l yes -d 'Do not ask'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l all-or-nothing -d 'Write nothing of a saved plan where something of it cannot be written any more'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l json -d 'Print events as lines of JSON in the words of Terraform\'s stream, and nothing else on stdout'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l configmaps -d 'Read also dashboards in ConfigMaps without the label grafana_dashboard' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l from-flux -d 'Read what the Flux Kustomization of this file applies, with its variables, instead of those in the directory' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l var -d 'Give a variable of manifests its value, before all others; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l var-file -d 'Read variables of manifests from a file of lines NAME=VALUE, or of YAML or JSON; can be given several times' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l lenient-vars -d 'Take a variable without a value as empty, as Flux did before 2.9' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l origin -d 'Where the directory is kept, as github.com/acme/infra, AMGCTL_ORIGIN otherwise, instead of what git or the CI says' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l url-map -d 'Read contents below a URL from a directory, as `https://grafana.com/=mirror`; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l target-grafana -d 'Which Grafana resource of the directory it is applied to, where it has several: NAME or NAMESPACE/NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l strict -d 'Make every warning an error' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l url -d 'The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region\'s only active one' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l stack -d 'The stack\'s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l wait -d 'Wait for a workspace that is being made or changed, 20m at most or as long as is said' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l secret -d 'The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise. As NAMESPACE/NAME.KEY=SOURCE the value of a key of a Secret that manifests refer to, before what the directory has (may be repeated); sources are env:VARIABLE, file:PATH, sm:ID#PROPERTY and ssm:NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l token-ttl -d 'How long the token that is made for this run lives, as 15m; a longer run renews it' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l target -d 'Plan only this object and what it needs (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l unprotect -d 'Lift the protection of this object (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l take-over-stack -d 'Take over the record of a stack that has another name now' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l on-drift -d 'What to do about changes made outside when nobody is asked; a plan shows what refuse and report would leave alone' -r -f -a "refuse\t'Leave the object as it is and say so'
overwrite\t'Overwrite what was changed outside'
report\t'Leave the object as it is and report it; the run is a success all the same'"
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l input -d 'Whether to ask for what is missing; with false nothing is asked and the run refuses instead' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l lock-timeout -d 'How long to wait for another run\'s lease, as 30s or 10m' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l parallelism -d 'The most writes in flight at once; fewer while the server is strained' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l log -d 'Add lines of JSON to a file: who wrote what, when, from which commit, with digests before and after' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l report -d 'Report in a format too: markdown=FILE, html=FILE, junit=FILE, sarif=FILE, github (comment, step summary, annotations, outputs) or gitlab[=DIR] (note, artefacts); can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l delete-adopted -d 'Delete adopted objects that left the directory, instead of releasing them'
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l take-over -d 'Take over a stack that was applied from another place'
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l auto-approve -l yes -d 'Do not ask'
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l json -d 'Print events as lines of JSON in the words of Terraform\'s stream, and nothing else on stdout'
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand destroy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c amgctl -n "__fish_amgctl_using_subcommand show" -l report -d 'Report in a format too: markdown=FILE, html=FILE, junit=FILE, sarif=FILE, github (comment, step summary, annotations, outputs) or gitlab[=DIR] (note, artefacts); can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand show" -l json -d 'Print JSON in the format of Terraform\'s plans'
complete -c amgctl -n "__fish_amgctl_using_subcommand show" -l markdown -d 'Print Markdown, as for a comment'
complete -c amgctl -n "__fish_amgctl_using_subcommand show" -l html -d 'Print a page for browsers'
complete -c amgctl -n "__fish_amgctl_using_subcommand show" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand show" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand show" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l configmaps -d 'Read also dashboards in ConfigMaps without the label grafana_dashboard' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l from-flux -d 'Read what the Flux Kustomization of this file applies, with its variables, instead of those in the directory' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l var -d 'Give a variable of manifests its value, before all others; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l var-file -d 'Read variables of manifests from a file of lines NAME=VALUE, or of YAML or JSON; can be given several times' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l lenient-vars -d 'Take a variable without a value as empty, as Flux did before 2.9' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l origin -d 'Where the directory is kept, as github.com/acme/infra, AMGCTL_ORIGIN otherwise, instead of what git or the CI says' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l url-map -d 'Read contents below a URL from a directory, as `https://grafana.com/=mirror`; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l target-grafana -d 'Which Grafana resource of the directory it is applied to, where it has several: NAME or NAMESPACE/NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l strict -d 'Make every warning an error' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l url -d 'The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region\'s only active one' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l stack -d 'The stack\'s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l wait -d 'Wait for a workspace that is being made or changed, 20m at most or as long as is said' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l secret -d 'The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise. As NAMESPACE/NAME.KEY=SOURCE the value of a key of a Secret that manifests refer to, before what the directory has (may be repeated); sources are env:VARIABLE, file:PATH, sm:ID#PROPERTY and ssm:NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l token-ttl -d 'How long the token that is made for this run lives, as 15m; a longer run renews it' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l unmanaged -d 'List what no stack manages too, each with the command that takes it into the directory'
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l detailed-exitcode -d 'Exit with 2 when something was changed outside, and with 9 when the token may not read all that this depends on'
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l json -d 'Print JSON'
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand drift" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -l folder -d 'Import a folder, by its uid or title, and everything below it (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -l format -d 'How dashboards and library panels are written; data sources are YAML always, for their comments' -r -f -a "json\t'JSON, as Grafana exports it'
yaml\t'YAML'"
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -l secrets -d 'Write secrets of data sources as placeholders of this kind, instead of as comments' -r -f -a "env\t'Environment variables'
sm\t'AWS Secrets Manager'
ssm\t'Parameters of AWS Systems Manager'"
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -l url -d 'The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region\'s only active one' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -l stack -d 'The stack\'s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -l wait -d 'Wait for a workspace that is being made or changed, 20m at most or as long as is said' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -l secret -d 'The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise. As NAMESPACE/NAME.KEY=SOURCE the value of a key of a Secret that manifests refer to, before what the directory has (may be repeated); sources are env:VARIABLE, file:PATH, sm:ID#PROPERTY and ssm:NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -l token-ttl -d 'How long the token that is made for this run lives, as 15m; a longer run renews it' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -l all -d 'Import everything that this stack can manage'
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -l no-adopt -d 'Only write files: the next apply with --adopt takes the objects into the stack'
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -l force -d 'Overwrite files that are there with other contents'
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -l json -d 'Print JSON'
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l configmaps -d 'Read also dashboards in ConfigMaps without the label grafana_dashboard' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l from-flux -d 'Read what the Flux Kustomization of this file applies, with its variables, instead of those in the directory' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l var -d 'Give a variable of manifests its value, before all others; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l var-file -d 'Read variables of manifests from a file of lines NAME=VALUE, or of YAML or JSON; can be given several times' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l lenient-vars -d 'Take a variable without a value as empty, as Flux did before 2.9' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l origin -d 'Where the directory is kept, as github.com/acme/infra, AMGCTL_ORIGIN otherwise, instead of what git or the CI says' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l url-map -d 'Read contents below a URL from a directory, as `https://grafana.com/=mirror`; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l target-grafana -d 'Which Grafana resource of the directory it is applied to, where it has several: NAME or NAMESPACE/NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l strict -d 'Make every warning an error' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l url -d 'The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region\'s only active one' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l stack -d 'The stack\'s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l wait -d 'Wait for a workspace that is being made or changed, 20m at most or as long as is said' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l secret -d 'The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise. As NAMESPACE/NAME.KEY=SOURCE the value of a key of a Secret that manifests refer to, before what the directory has (may be repeated); sources are env:VARIABLE, file:PATH, sm:ID#PROPERTY and ssm:NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l token-ttl -d 'How long the token that is made for this run lives, as 15m; a longer run renews it' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l all -d 'List what other stacks own and what no stack manages too'
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l json -d 'Print JSON'
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand list" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l configmaps -d 'Read also dashboards in ConfigMaps without the label grafana_dashboard' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l from-flux -d 'Read what the Flux Kustomization of this file applies, with its variables, instead of those in the directory' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l var -d 'Give a variable of manifests its value, before all others; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l var-file -d 'Read variables of manifests from a file of lines NAME=VALUE, or of YAML or JSON; can be given several times' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l lenient-vars -d 'Take a variable without a value as empty, as Flux did before 2.9' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l origin -d 'Where the directory is kept, as github.com/acme/infra, AMGCTL_ORIGIN otherwise, instead of what git or the CI says' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l url-map -d 'Read contents below a URL from a directory, as `https://grafana.com/=mirror`; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l target-grafana -d 'Which Grafana resource of the directory it is applied to, where it has several: NAME or NAMESPACE/NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l strict -d 'Make every warning an error' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l url -d 'The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region\'s only active one' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l stack -d 'The stack\'s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l wait -d 'Wait for a workspace that is being made or changed, 20m at most or as long as is said' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l secret -d 'The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise. As NAMESPACE/NAME.KEY=SOURCE the value of a key of a Secret that manifests refer to, before what the directory has (may be repeated); sources are env:VARIABLE, file:PATH, sm:ID#PROPERTY and ssm:NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l token-ttl -d 'How long the token that is made for this run lives, as 15m; a longer run renews it' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l json -d 'Print JSON'
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l directory -d 'The directory' -r -f -a "(__fish_complete_directories)"
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l configmaps -d 'Read also dashboards in ConfigMaps without the label grafana_dashboard' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l from-flux -d 'Read what the Flux Kustomization of this file applies, with its variables, instead of those in the directory' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l var -d 'Give a variable of manifests its value, before all others; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l var-file -d 'Read variables of manifests from a file of lines NAME=VALUE, or of YAML or JSON; can be given several times' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l lenient-vars -d 'Take a variable without a value as empty, as Flux did before 2.9' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l origin -d 'Where the directory is kept, as github.com/acme/infra, AMGCTL_ORIGIN otherwise, instead of what git or the CI says' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l url-map -d 'Read contents below a URL from a directory, as `https://grafana.com/=mirror`; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l target-grafana -d 'Which Grafana resource of the directory it is applied to, where it has several: NAME or NAMESPACE/NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l strict -d 'Make every warning an error' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l url -d 'The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region\'s only active one' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l stack -d 'The stack\'s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l wait -d 'Wait for a workspace that is being made or changed, 20m at most or as long as is said' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l secret -d 'The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise. As NAMESPACE/NAME.KEY=SOURCE the value of a key of a Secret that manifests refer to, before what the directory has (may be repeated); sources are env:VARIABLE, file:PATH, sm:ID#PROPERTY and ssm:NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l token-ttl -d 'How long the token that is made for this run lives, as 15m; a longer run renews it' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l dry-run -d 'Print the patch, and write nothing'
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l new -d 'Write files for dashboards that others made in folders of the stack'
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l deleted -d 'Remove the files of objects that others deleted'
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l accept-migration -d 'Take over what Grafana\'s editor migrated as it saved a dashboard, not only what the person changed'
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand pull" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand diff" -l directory -d 'The directory whose amgctl.yaml names the workspace' -r -f -a "(__fish_complete_directories)"
complete -c amgctl -n "__fish_amgctl_using_subcommand diff" -l url -d 'The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand diff" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region\'s only active one' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand diff" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand diff" -l stack -d 'The stack\'s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand diff" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand diff" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand diff" -l wait -d 'Wait for a workspace that is being made or changed, 20m at most or as long as is said' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand diff" -l secret -d 'The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise. As NAMESPACE/NAME.KEY=SOURCE the value of a key of a Secret that manifests refer to, before what the directory has (may be repeated); sources are env:VARIABLE, file:PATH, sm:ID#PROPERTY and ssm:NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand diff" -l token-ttl -d 'How long the token that is made for this run lives, as 15m; a longer run renews it' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand diff" -l git -d 'Take the arguments that git gives to its external diff, and end with 0 whatever differs'
complete -c amgctl -n "__fish_amgctl_using_subcommand diff" -l detailed-exitcode -d 'Exit with 2 when there are differences'
complete -c amgctl -n "__fish_amgctl_using_subcommand diff" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand diff" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand diff" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l configmaps -d 'Read also dashboards in ConfigMaps without the label grafana_dashboard' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l from-flux -d 'Read what the Flux Kustomization of this file applies, with its variables, instead of those in the directory' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l var -d 'Give a variable of manifests its value, before all others; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l var-file -d 'Read variables of manifests from a file of lines NAME=VALUE, or of YAML or JSON; can be given several times' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l lenient-vars -d 'Take a variable without a value as empty, as Flux did before 2.9' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l origin -d 'Where the directory is kept, as github.com/acme/infra, AMGCTL_ORIGIN otherwise, instead of what git or the CI says' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l url-map -d 'Read contents below a URL from a directory, as `https://grafana.com/=mirror`; can be given several times' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l target-grafana -d 'Which Grafana resource of the directory it is applied to, where it has several: NAME or NAMESPACE/NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l strict -d 'Make every warning an error' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l url -d 'The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region\'s only active one' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l stack -d 'The stack\'s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l wait -d 'Wait for a workspace that is being made or changed, 20m at most or as long as is said' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l secret -d 'The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise. As NAMESPACE/NAME.KEY=SOURCE the value of a key of a Secret that manifests refer to, before what the directory has (may be repeated); sources are env:VARIABLE, file:PATH, sm:ID#PROPERTY and ssm:NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l token-ttl -d 'How long the token that is made for this run lives, as 15m; a longer run renews it' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l target -d 'Plan only this object and what it needs (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l unprotect -d 'Lift the protection of this object (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l take-over-stack -d 'Take over the record of a stack that has another name now' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l on-drift -d 'What to do about changes made outside when nobody is asked; a plan shows what refuse and report would leave alone' -r -f -a "refuse\t'Leave the object as it is and say so'
overwrite\t'Overwrite what was changed outside'
report\t'Leave the object as it is and report it; the run is a success all the same'"
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l adopt -d 'Take existing, unowned objects into the stack: all that the directory declares, or the addresses given' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l take-from -d 'Adopt also what this other tool manages, as kubectl:gcx, and take its mark away (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l replace -d 'Delete this data source and make it anew where it cannot be changed in place (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l max-destroy -d 'Allow this many objects to be destroyed' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l unknown-references -d 'What to make of references to what neither the directory nor the workspace has' -r -f -a "error\t'Write nothing'
warn\t'Say so and go on'"
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l interval -d 'How long to wait after a round, as 10m; a tenth more or less by chance' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l retry-interval -d 'How long to wait after a round that failed; twice as long each time, up to the interval' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l listen -d 'Where /healthz, /readyz and /metrics are answered, as 0.0.0.0:9484; 127.0.0.1:9484 otherwise' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l rounds -d 'Run so many rounds and exit with the status of the last' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l parallelism -d 'The most writes in flight at once; fewer while the server is strained' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l delete-adopted -d 'Delete adopted objects that left the directory, instead of releasing them'
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l take-over -d 'Take over a stack that was applied from another place'
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l send-secrets -d 'Send secrets although nobody knows whether they changed (with ownership: none)'
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l allow-empty -d 'Let an empty directory take the whole stack down'
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l pull -d 'Run `git pull --ff-only` in the directory before each round; where that fails the last state is used'
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l once -d 'Run one round and exit with its status'
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand reconcile" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -l directory -d 'The directory' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -l url -d 'The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region\'s only active one' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -l stack -d 'The stack\'s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -l wait -d 'Wait for a workspace that is being made or changed, 20m at most or as long as is said' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -l secret -d 'The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise. As NAMESPACE/NAME.KEY=SOURCE the value of a key of a Secret that manifests refer to, before what the directory has (may be repeated); sources are env:VARIABLE, file:PATH, sm:ID#PROPERTY and ssm:NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -l token-ttl -d 'How long the token that is made for this run lives, as 15m; a longer run renews it' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand unlock" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -l directory -d 'The directory' -r -F
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -l url -d 'The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region\'s only active one' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -l stack -d 'The stack\'s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -l wait -d 'Wait for a workspace that is being made or changed, 20m at most or as long as is said' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -l secret -d 'The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise. As NAMESPACE/NAME.KEY=SOURCE the value of a key of a Secret that manifests refer to, before what the directory has (may be repeated); sources are env:VARIABLE, file:PATH, sm:ID#PROPERTY and ssm:NAME' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -l token-ttl -d 'How long the token that is made for this run lives, as 15m; a longer run renews it' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand forget" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region\'s only active one' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l stack -d 'The stack\'s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l wait -d 'Wait for a workspace that is being made or changed, 20m at most or as long as is said' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l role -d 'What the token may do; what the stored one may do otherwise, and admin for a new secret' -r -f -a "admin\t'Everything; data sources need it'
editor\t'Dashboards and folders'
viewer\t'Read'"
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l ttl -d 'How long the token lives, 30d at most' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l overlap -d 'How long the previous token stays once its successor is in the secret' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l secret -d 'The secret in Secrets Manager, by name or ARN; `auth.secret` of amgctl.yaml otherwise' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l secret-format -d 'What the secret holds: JSON that says what the token is, or the bare token; what it holds now otherwise, and JSON for a new secret' -r -f -a "json\t'An object with token, ids, endpoint, region and expiry'
plain\t'The token and nothing else'"
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l kms-key -d 'The KMS key of a new secret, by id, alias or ARN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l tag -d 'A tag that the secret gets (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l input -d 'Whether to ask for what is missing; with false nothing is asked and the run refuses instead' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l renew-before -d 'Renew a token that has less than this left' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l adopt -d 'Take over a secret that somebody else made, or that is another stack\'s or for another workspace'
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l dry-run -d 'Show what would be done, and do nothing'
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l auto-approve -l yes -d 'Do not ask'
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l json -d 'Print the outcome as JSON; the token is never in it'
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l no-secret -d 'Store nothing: prepare the service account only, so that runs can make their own tokens'
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-identity" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region\'s only active one' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l stack -d 'The stack\'s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l wait -d 'Wait for a workspace that is being made or changed, 20m at most or as long as is said' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l role -d 'What the token may do; what the stored one may do otherwise, and admin for a new secret' -r -f -a "admin\t'Everything; data sources need it'
editor\t'Dashboards and folders'
viewer\t'Read'"
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l ttl -d 'How long the token lives, 30d at most' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l overlap -d 'How long the previous token stays once its successor is in the secret' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l secret -d 'The secret in Secrets Manager, by name or ARN; `auth.secret` of amgctl.yaml otherwise' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l secret-format -d 'What the secret holds: JSON that says what the token is, or the bare token; what it holds now otherwise, and JSON for a new secret' -r -f -a "json\t'An object with token, ids, endpoint, region and expiry'
plain\t'The token and nothing else'"
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l kms-key -d 'The KMS key of a new secret, by id, alias or ARN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l tag -d 'A tag that the secret gets (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l input -d 'Whether to ask for what is missing; with false nothing is asked and the run refuses instead' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l renew-before -d 'Renew a token that has less than this left' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l adopt -d 'Take over a secret that somebody else made, or that is another stack\'s or for another workspace'
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l dry-run -d 'Show what would be done, and do nothing'
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l auto-approve -l yes -d 'Do not ask'
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l json -d 'Print the outcome as JSON; the token is never in it'
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand bootstrap-api-key" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and not __fish_seen_subcommand_from status rotate prune policy" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and not __fish_seen_subcommand_from status rotate prune policy" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and not __fish_seen_subcommand_from status rotate prune policy" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and not __fish_seen_subcommand_from status rotate prune policy" -f -a "status" -d 'Show who this is in AWS, which service accounts and tokens there are, and how long they last'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and not __fish_seen_subcommand_from status rotate prune policy" -f -a "rotate" -d 'Renew the stored token now, whatever it has left'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and not __fish_seen_subcommand_from status rotate prune policy" -f -a "prune" -d 'Delete the stack\'s tokens that ran out or were superseded'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and not __fish_seen_subcommand_from status rotate prune policy" -f -a "policy" -d 'Print the IAM policy that a job needs, and the trust policy for GitHub Actions'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from status" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region\'s only active one' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from status" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from status" -l stack -d 'The stack\'s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from status" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from status" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from status" -l wait -d 'Wait for a workspace that is being made or changed, 20m at most or as long as is said' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from status" -l secret -d 'The secret that holds the stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from status" -l fail-under -d 'Exit with 2 when the stored token has less than this left, or there is none' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from status" -l json -d 'Print JSON'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from status" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region\'s only active one' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l stack -d 'The stack\'s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l wait -d 'Wait for a workspace that is being made or changed, 20m at most or as long as is said' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l role -d 'What the token may do; what the stored one may do otherwise, and admin for a new secret' -r -f -a "admin\t'Everything; data sources need it'
editor\t'Dashboards and folders'
viewer\t'Read'"
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l ttl -d 'How long the token lives, 30d at most' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l overlap -d 'How long the previous token stays once its successor is in the secret' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l secret -d 'The secret in Secrets Manager, by name or ARN; `auth.secret` of amgctl.yaml otherwise' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l secret-format -d 'What the secret holds: JSON that says what the token is, or the bare token; what it holds now otherwise, and JSON for a new secret' -r -f -a "json\t'An object with token, ids, endpoint, region and expiry'
plain\t'The token and nothing else'"
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l kms-key -d 'The KMS key of a new secret, by id, alias or ARN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l tag -d 'A tag that the secret gets (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l input -d 'Whether to ask for what is missing; with false nothing is asked and the run refuses instead' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l adopt -d 'Take over a secret that somebody else made, or that is another stack\'s or for another workspace'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l dry-run -d 'Show what would be done, and do nothing'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l auto-approve -l yes -d 'Do not ask'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l json -d 'Print the outcome as JSON; the token is never in it'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from prune" -l workspace -d 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region\'s only active one' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from prune" -l sandbox -d 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from prune" -l stack -d 'The stack\'s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from prune" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from prune" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from prune" -l wait -d 'Wait for a workspace that is being made or changed, 20m at most or as long as is said' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from prune" -l secret -d 'The secret that holds the stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from prune" -l overlap -d 'How long a superseded token stays' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from prune" -l input -d 'Whether to ask for what is missing; with false nothing is asked and the run refuses instead' -r -f -a "true\t''
false\t''"
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from prune" -l dry-run -d 'Show what would be done, and do nothing'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from prune" -l auto-approve -l yes -d 'Do not ask'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from prune" -l json -d 'Print the outcome as JSON; the token is never in it'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from prune" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from prune" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from policy" -l mode -d 'The job that the policy is for' -r -f -a "plan\t'`amgctl plan`, with a token made for the run'
apply\t'`amgctl apply` and `destroy`, with a token made for the run'
bootstrap\t'`amgctl bootstrap-identity` and `identity rotate`'
reader\t'Any run with the stored token'
viewer\t'`amgctl plan --url URL --secret NAME`: reads that secret and nothing else'"
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from policy" -l workspace -d 'The workspace\'s id, ARN or endpoint' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from policy" -l region -d 'The region' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from policy" -l account -d 'The number of the AWS account' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from policy" -l secret -d 'The secret that holds the token, or that data sources refer to (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from policy" -l parameter -d 'The parameter that data sources refer to (may be repeated)' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from policy" -l directory -d 'Add what this directory refers to: secrets and parameters of its data sources, and of the stores of its manifests' -r -f -a "(__fish_complete_directories)"
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from policy" -l kms-key -d 'The KMS key of the secrets and parameters, by id, alias or ARN' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from policy" -l github -d 'Print the roles of this repository\'s GitHub Actions instead: one that applies on the branch, and one that plans on pull requests and only reads a stored token' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from policy" -l environment -d 'The environment that the job names which applies, instead of a branch' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from policy" -l github-ids -d 'The numbers of owner and repository, where they stand in the subjects of its tokens' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from policy" -l viewer-secret -d 'The secret of the VIEWER\'s token that pull requests plan with' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from policy" -l any -d 'Let every branch, tag and pull request apply'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from policy" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from policy" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand identity; and __fish_seen_subcommand_from policy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and not __fish_seen_subcommand_from list show" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and not __fish_seen_subcommand_from list show" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and not __fish_seen_subcommand_from list show" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and not __fish_seen_subcommand_from list show" -f -a "list" -d 'List the workspaces of a region'
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and not __fish_seen_subcommand_from list show" -f -a "show" -d 'Show what AWS says of one workspace'
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and __fish_seen_subcommand_from list" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and __fish_seen_subcommand_from list" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and __fish_seen_subcommand_from list" -l sandbox -d 'Ask the AWS of the embedded workspace; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and __fish_seen_subcommand_from list" -l json -d 'Print JSON'
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and __fish_seen_subcommand_from list" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and __fish_seen_subcommand_from show" -l region -d 'The AWS region, instead of the one of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and __fish_seen_subcommand_from show" -l profile -d 'The profile of AWS\'s own configuration' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and __fish_seen_subcommand_from show" -l sandbox -d 'Ask the AWS of the embedded workspace; optionally as another version of Grafana' -r
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and __fish_seen_subcommand_from show" -l json -d 'Print JSON'
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and __fish_seen_subcommand_from show" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand workspace; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
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
complete -c amgctl -n "__fish_amgctl_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c amgctl -n "__fish_amgctl_using_subcommand completions" -s v -l verbose -d 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
complete -c amgctl -n "__fish_amgctl_using_subcommand completions" -l no-color -d 'Never use colour'
complete -c amgctl -n "__fish_amgctl_using_subcommand completions" -s h -l help -d 'Print help'
