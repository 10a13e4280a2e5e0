
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'amgctl' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'amgctl'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'amgctl' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write an amgctl.yaml and the schema that editors complete it by')
            [CompletionResult]::new('validate', 'validate', [CompletionResultType]::ParameterValue, 'Check a directory without a workspace')
            [CompletionResult]::new('plan', 'plan', [CompletionResultType]::ParameterValue, 'Show what apply would change; sends nothing but reads')
            [CompletionResult]::new('apply', 'apply', [CompletionResultType]::ParameterValue, 'Make the workspace equal to the directory')
            [CompletionResult]::new('destroy', 'destroy', [CompletionResultType]::ParameterValue, 'Remove everything of the stack from the workspace')
            [CompletionResult]::new('unlock', 'unlock', [CompletionResultType]::ParameterValue, 'End another run''s lease on the stack early')
            [CompletionResult]::new('forget', 'forget', [CompletionResultType]::ParameterValue, 'Forget an object: leave it in the workspace and out of the record')
            [CompletionResult]::new('bootstrap-identity', 'bootstrap-identity', [CompletionResultType]::ParameterValue, 'Make, renew and store the stack''s access to an Amazon Managed Grafana workspace')
            [CompletionResult]::new('bootstrap-api-key', 'bootstrap-api-key', [CompletionResultType]::ParameterValue, 'The same with an API key, for workspaces before Grafana 12')
            [CompletionResult]::new('identity', 'identity', [CompletionResultType]::ParameterValue, 'Look after the stack''s access: status, rotation, what may be deleted, IAM policies')
            [CompletionResult]::new('workspace', 'workspace', [CompletionResultType]::ParameterValue, 'See the workspaces of Amazon Managed Grafana: list, show')
            [CompletionResult]::new('sandbox', 'sandbox', [CompletionResultType]::ParameterValue, 'Serve the embedded workspace until interrupted')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Print the JSON Schema of amgctl.yaml')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions of a shell')
            break
        }
        'amgctl;init' {
            [CompletionResult]::new('--stack', '--stack', [CompletionResultType]::ParameterName, 'The stack''s name; the directory''s name otherwise')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'The URL of a Grafana')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'amgctl;validate' {
            [CompletionResult]::new('--configmaps', '--configmaps', [CompletionResultType]::ParameterName, 'Read also dashboards in ConfigMaps without the label grafana_dashboard')
            [CompletionResult]::new('--from-flux', '--from-flux', [CompletionResultType]::ParameterName, 'Read what the Flux Kustomization of this file applies, with its variables, instead of those in the directory')
            [CompletionResult]::new('--var', '--var', [CompletionResultType]::ParameterName, 'Give a variable of manifests its value, before all others; can be given several times')
            [CompletionResult]::new('--var-file', '--var-file', [CompletionResultType]::ParameterName, 'Read variables of manifests from a file of lines NAME=VALUE, or of YAML or JSON; can be given several times')
            [CompletionResult]::new('--lenient-vars', '--lenient-vars', [CompletionResultType]::ParameterName, 'Take a variable without a value as empty, as Flux did before 2.9')
            [CompletionResult]::new('--origin', '--origin', [CompletionResultType]::ParameterName, 'Where the directory is kept, as github.com/acme/infra, AMGCTL_ORIGIN otherwise, instead of what git or the CI says')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'amgctl;plan' {
            [CompletionResult]::new('--configmaps', '--configmaps', [CompletionResultType]::ParameterName, 'Read also dashboards in ConfigMaps without the label grafana_dashboard')
            [CompletionResult]::new('--from-flux', '--from-flux', [CompletionResultType]::ParameterName, 'Read what the Flux Kustomization of this file applies, with its variables, instead of those in the directory')
            [CompletionResult]::new('--var', '--var', [CompletionResultType]::ParameterName, 'Give a variable of manifests its value, before all others; can be given several times')
            [CompletionResult]::new('--var-file', '--var-file', [CompletionResultType]::ParameterName, 'Read variables of manifests from a file of lines NAME=VALUE, or of YAML or JSON; can be given several times')
            [CompletionResult]::new('--lenient-vars', '--lenient-vars', [CompletionResultType]::ParameterName, 'Take a variable without a value as empty, as Flux did before 2.9')
            [CompletionResult]::new('--origin', '--origin', [CompletionResultType]::ParameterName, 'Where the directory is kept, as github.com/acme/infra, AMGCTL_ORIGIN otherwise, instead of what git or the CI says')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region''s only active one')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana')
            [CompletionResult]::new('--stack', '--stack', [CompletionResultType]::ParameterName, 'The stack''s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The AWS region, instead of the one of AWS''s own configuration')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'The profile of AWS''s own configuration')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait for a workspace that is being made or changed, 20m at most or as long as is said')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise')
            [CompletionResult]::new('--token-ttl', '--token-ttl', [CompletionResultType]::ParameterName, 'How long the token that is made for this run lives, as 15m; a longer run renews it')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'Plan only this object and what it needs (may be repeated)')
            [CompletionResult]::new('--unprotect', '--unprotect', [CompletionResultType]::ParameterName, 'Lift the protection of this object (may be repeated)')
            [CompletionResult]::new('--take-over-stack', '--take-over-stack', [CompletionResultType]::ParameterName, 'Take over the record of a stack that has another name now')
            [CompletionResult]::new('--on-drift', '--on-drift', [CompletionResultType]::ParameterName, 'What to do about changes made outside when nobody is asked; a plan shows what refuse would leave alone')
            [CompletionResult]::new('--adopt', '--adopt', [CompletionResultType]::ParameterName, 'Take existing, unowned objects into the stack: all that the directory declares, or the addresses given')
            [CompletionResult]::new('--take-from', '--take-from', [CompletionResultType]::ParameterName, 'Adopt also what this other tool manages, as kubectl:gcx, and take its mark away (may be repeated)')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Delete this data source and make it anew where it cannot be changed in place (may be repeated)')
            [CompletionResult]::new('--max-destroy', '--max-destroy', [CompletionResultType]::ParameterName, 'Allow this many objects to be destroyed')
            [CompletionResult]::new('--unknown-references', '--unknown-references', [CompletionResultType]::ParameterName, 'What to make of references to what neither the directory nor the workspace has')
            [CompletionResult]::new('--input', '--input', [CompletionResultType]::ParameterName, 'Whether to ask for what is missing; a plan asks nothing either way')
            [CompletionResult]::new('--delete-adopted', '--delete-adopted', [CompletionResultType]::ParameterName, 'Delete adopted objects that left the directory, instead of releasing them')
            [CompletionResult]::new('--take-over', '--take-over', [CompletionResultType]::ParameterName, 'Take over a stack that was applied from another place')
            [CompletionResult]::new('--send-secrets', '--send-secrets', [CompletionResultType]::ParameterName, 'Send secrets although nobody knows whether they changed (with ownership: none)')
            [CompletionResult]::new('--allow-empty', '--allow-empty', [CompletionResultType]::ParameterName, 'Let an empty directory take the whole stack down')
            [CompletionResult]::new('--detailed-exitcode', '--detailed-exitcode', [CompletionResultType]::ParameterName, 'Exit with 2 when there are changes, and with 9 when the token may not read all that a plan depends on')
            [CompletionResult]::new('--destroy', '--destroy', [CompletionResultType]::ParameterName, 'Plan to destroy the stack')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'amgctl;apply' {
            [CompletionResult]::new('--configmaps', '--configmaps', [CompletionResultType]::ParameterName, 'Read also dashboards in ConfigMaps without the label grafana_dashboard')
            [CompletionResult]::new('--from-flux', '--from-flux', [CompletionResultType]::ParameterName, 'Read what the Flux Kustomization of this file applies, with its variables, instead of those in the directory')
            [CompletionResult]::new('--var', '--var', [CompletionResultType]::ParameterName, 'Give a variable of manifests its value, before all others; can be given several times')
            [CompletionResult]::new('--var-file', '--var-file', [CompletionResultType]::ParameterName, 'Read variables of manifests from a file of lines NAME=VALUE, or of YAML or JSON; can be given several times')
            [CompletionResult]::new('--lenient-vars', '--lenient-vars', [CompletionResultType]::ParameterName, 'Take a variable without a value as empty, as Flux did before 2.9')
            [CompletionResult]::new('--origin', '--origin', [CompletionResultType]::ParameterName, 'Where the directory is kept, as github.com/acme/infra, AMGCTL_ORIGIN otherwise, instead of what git or the CI says')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region''s only active one')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana')
            [CompletionResult]::new('--stack', '--stack', [CompletionResultType]::ParameterName, 'The stack''s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The AWS region, instead of the one of AWS''s own configuration')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'The profile of AWS''s own configuration')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait for a workspace that is being made or changed, 20m at most or as long as is said')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise')
            [CompletionResult]::new('--token-ttl', '--token-ttl', [CompletionResultType]::ParameterName, 'How long the token that is made for this run lives, as 15m; a longer run renews it')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'Plan only this object and what it needs (may be repeated)')
            [CompletionResult]::new('--unprotect', '--unprotect', [CompletionResultType]::ParameterName, 'Lift the protection of this object (may be repeated)')
            [CompletionResult]::new('--take-over-stack', '--take-over-stack', [CompletionResultType]::ParameterName, 'Take over the record of a stack that has another name now')
            [CompletionResult]::new('--on-drift', '--on-drift', [CompletionResultType]::ParameterName, 'What to do about changes made outside when nobody is asked; a plan shows what refuse would leave alone')
            [CompletionResult]::new('--adopt', '--adopt', [CompletionResultType]::ParameterName, 'Take existing, unowned objects into the stack: all that the directory declares, or the addresses given')
            [CompletionResult]::new('--take-from', '--take-from', [CompletionResultType]::ParameterName, 'Adopt also what this other tool manages, as kubectl:gcx, and take its mark away (may be repeated)')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Delete this data source and make it anew where it cannot be changed in place (may be repeated)')
            [CompletionResult]::new('--max-destroy', '--max-destroy', [CompletionResultType]::ParameterName, 'Allow this many objects to be destroyed')
            [CompletionResult]::new('--unknown-references', '--unknown-references', [CompletionResultType]::ParameterName, 'What to make of references to what neither the directory nor the workspace has')
            [CompletionResult]::new('--input', '--input', [CompletionResultType]::ParameterName, 'Whether to ask for what is missing; with false nothing is asked and the run refuses instead')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lease, as 30s or 10m')
            [CompletionResult]::new('--parallelism', '--parallelism', [CompletionResultType]::ParameterName, 'The most writes in flight at once; fewer while the server is strained')
            [CompletionResult]::new('--delete-adopted', '--delete-adopted', [CompletionResultType]::ParameterName, 'Delete adopted objects that left the directory, instead of releasing them')
            [CompletionResult]::new('--take-over', '--take-over', [CompletionResultType]::ParameterName, 'Take over a stack that was applied from another place')
            [CompletionResult]::new('--send-secrets', '--send-secrets', [CompletionResultType]::ParameterName, 'Send secrets although nobody knows whether they changed (with ownership: none)')
            [CompletionResult]::new('--allow-empty', '--allow-empty', [CompletionResultType]::ParameterName, 'Let an empty directory take the whole stack down')
            [CompletionResult]::new('--auto-approve', '--auto-approve', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'amgctl;destroy' {
            [CompletionResult]::new('--configmaps', '--configmaps', [CompletionResultType]::ParameterName, 'Read also dashboards in ConfigMaps without the label grafana_dashboard')
            [CompletionResult]::new('--from-flux', '--from-flux', [CompletionResultType]::ParameterName, 'Read what the Flux Kustomization of this file applies, with its variables, instead of those in the directory')
            [CompletionResult]::new('--var', '--var', [CompletionResultType]::ParameterName, 'Give a variable of manifests its value, before all others; can be given several times')
            [CompletionResult]::new('--var-file', '--var-file', [CompletionResultType]::ParameterName, 'Read variables of manifests from a file of lines NAME=VALUE, or of YAML or JSON; can be given several times')
            [CompletionResult]::new('--lenient-vars', '--lenient-vars', [CompletionResultType]::ParameterName, 'Take a variable without a value as empty, as Flux did before 2.9')
            [CompletionResult]::new('--origin', '--origin', [CompletionResultType]::ParameterName, 'Where the directory is kept, as github.com/acme/infra, AMGCTL_ORIGIN otherwise, instead of what git or the CI says')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region''s only active one')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana')
            [CompletionResult]::new('--stack', '--stack', [CompletionResultType]::ParameterName, 'The stack''s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The AWS region, instead of the one of AWS''s own configuration')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'The profile of AWS''s own configuration')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait for a workspace that is being made or changed, 20m at most or as long as is said')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise')
            [CompletionResult]::new('--token-ttl', '--token-ttl', [CompletionResultType]::ParameterName, 'How long the token that is made for this run lives, as 15m; a longer run renews it')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'Plan only this object and what it needs (may be repeated)')
            [CompletionResult]::new('--unprotect', '--unprotect', [CompletionResultType]::ParameterName, 'Lift the protection of this object (may be repeated)')
            [CompletionResult]::new('--take-over-stack', '--take-over-stack', [CompletionResultType]::ParameterName, 'Take over the record of a stack that has another name now')
            [CompletionResult]::new('--on-drift', '--on-drift', [CompletionResultType]::ParameterName, 'What to do about changes made outside when nobody is asked; a plan shows what refuse would leave alone')
            [CompletionResult]::new('--input', '--input', [CompletionResultType]::ParameterName, 'Whether to ask for what is missing; with false nothing is asked and the run refuses instead')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'How long to wait for another run''s lease, as 30s or 10m')
            [CompletionResult]::new('--parallelism', '--parallelism', [CompletionResultType]::ParameterName, 'The most writes in flight at once; fewer while the server is strained')
            [CompletionResult]::new('--delete-adopted', '--delete-adopted', [CompletionResultType]::ParameterName, 'Delete adopted objects that left the directory, instead of releasing them')
            [CompletionResult]::new('--take-over', '--take-over', [CompletionResultType]::ParameterName, 'Take over a stack that was applied from another place')
            [CompletionResult]::new('--auto-approve', '--auto-approve', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'amgctl;unlock' {
            [CompletionResult]::new('--directory', '--directory', [CompletionResultType]::ParameterName, 'The directory')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region''s only active one')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana')
            [CompletionResult]::new('--stack', '--stack', [CompletionResultType]::ParameterName, 'The stack''s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The AWS region, instead of the one of AWS''s own configuration')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'The profile of AWS''s own configuration')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait for a workspace that is being made or changed, 20m at most or as long as is said')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise')
            [CompletionResult]::new('--token-ttl', '--token-ttl', [CompletionResultType]::ParameterName, 'How long the token that is made for this run lives, as 15m; a longer run renews it')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'amgctl;forget' {
            [CompletionResult]::new('--directory', '--directory', [CompletionResultType]::ParameterName, 'The directory')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'The URL of a Grafana, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region''s only active one')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana')
            [CompletionResult]::new('--stack', '--stack', [CompletionResultType]::ParameterName, 'The stack''s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The AWS region, instead of the one of AWS''s own configuration')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'The profile of AWS''s own configuration')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait for a workspace that is being made or changed, 20m at most or as long as is said')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'The secret in Secrets Manager that holds a stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise')
            [CompletionResult]::new('--token-ttl', '--token-ttl', [CompletionResultType]::ParameterName, 'How long the token that is made for this run lives, as 15m; a longer run renews it')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'amgctl;bootstrap-identity' {
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region''s only active one')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana')
            [CompletionResult]::new('--stack', '--stack', [CompletionResultType]::ParameterName, 'The stack''s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The AWS region, instead of the one of AWS''s own configuration')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'The profile of AWS''s own configuration')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait for a workspace that is being made or changed, 20m at most or as long as is said')
            [CompletionResult]::new('--role', '--role', [CompletionResultType]::ParameterName, 'What the token may do; what the stored one may do otherwise, and admin for a new secret')
            [CompletionResult]::new('--ttl', '--ttl', [CompletionResultType]::ParameterName, 'How long the token lives, 30d at most')
            [CompletionResult]::new('--overlap', '--overlap', [CompletionResultType]::ParameterName, 'How long the previous token stays once its successor is in the secret')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'The secret in Secrets Manager, by name or ARN; `auth.secret` of amgctl.yaml otherwise')
            [CompletionResult]::new('--secret-format', '--secret-format', [CompletionResultType]::ParameterName, 'What the secret holds: JSON that says what the token is, or the bare token; what it holds now otherwise, and JSON for a new secret')
            [CompletionResult]::new('--kms-key', '--kms-key', [CompletionResultType]::ParameterName, 'The KMS key of a new secret, by id, alias or ARN')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'A tag that the secret gets (may be repeated)')
            [CompletionResult]::new('--input', '--input', [CompletionResultType]::ParameterName, 'Whether to ask for what is missing; with false nothing is asked and the run refuses instead')
            [CompletionResult]::new('--renew-before', '--renew-before', [CompletionResultType]::ParameterName, 'Renew a token that has less than this left')
            [CompletionResult]::new('--adopt', '--adopt', [CompletionResultType]::ParameterName, 'Take over a secret that somebody else made, or that is another stack''s or for another workspace')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done, and do nothing')
            [CompletionResult]::new('--auto-approve', '--auto-approve', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the outcome as JSON; the token is never in it')
            [CompletionResult]::new('--no-secret', '--no-secret', [CompletionResultType]::ParameterName, 'Store nothing: prepare the service account only, so that runs can make their own tokens')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'amgctl;bootstrap-api-key' {
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region''s only active one')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana')
            [CompletionResult]::new('--stack', '--stack', [CompletionResultType]::ParameterName, 'The stack''s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The AWS region, instead of the one of AWS''s own configuration')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'The profile of AWS''s own configuration')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait for a workspace that is being made or changed, 20m at most or as long as is said')
            [CompletionResult]::new('--role', '--role', [CompletionResultType]::ParameterName, 'What the token may do; what the stored one may do otherwise, and admin for a new secret')
            [CompletionResult]::new('--ttl', '--ttl', [CompletionResultType]::ParameterName, 'How long the token lives, 30d at most')
            [CompletionResult]::new('--overlap', '--overlap', [CompletionResultType]::ParameterName, 'How long the previous token stays once its successor is in the secret')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'The secret in Secrets Manager, by name or ARN; `auth.secret` of amgctl.yaml otherwise')
            [CompletionResult]::new('--secret-format', '--secret-format', [CompletionResultType]::ParameterName, 'What the secret holds: JSON that says what the token is, or the bare token; what it holds now otherwise, and JSON for a new secret')
            [CompletionResult]::new('--kms-key', '--kms-key', [CompletionResultType]::ParameterName, 'The KMS key of a new secret, by id, alias or ARN')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'A tag that the secret gets (may be repeated)')
            [CompletionResult]::new('--input', '--input', [CompletionResultType]::ParameterName, 'Whether to ask for what is missing; with false nothing is asked and the run refuses instead')
            [CompletionResult]::new('--renew-before', '--renew-before', [CompletionResultType]::ParameterName, 'Renew a token that has less than this left')
            [CompletionResult]::new('--adopt', '--adopt', [CompletionResultType]::ParameterName, 'Take over a secret that somebody else made, or that is another stack''s or for another workspace')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done, and do nothing')
            [CompletionResult]::new('--auto-approve', '--auto-approve', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the outcome as JSON; the token is never in it')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'amgctl;identity' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show who this is in AWS, which service accounts and tokens there are, and how long they last')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Renew the stored token now, whatever it has left')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Delete the stack''s tokens that ran out or were superseded')
            [CompletionResult]::new('policy', 'policy', [CompletionResultType]::ParameterValue, 'Print the IAM policy that a job needs, and the trust policy for GitHub Actions')
            break
        }
        'amgctl;identity;status' {
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region''s only active one')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana')
            [CompletionResult]::new('--stack', '--stack', [CompletionResultType]::ParameterName, 'The stack''s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The AWS region, instead of the one of AWS''s own configuration')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'The profile of AWS''s own configuration')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait for a workspace that is being made or changed, 20m at most or as long as is said')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'The secret that holds the stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise')
            [CompletionResult]::new('--fail-under', '--fail-under', [CompletionResultType]::ParameterName, 'Exit with 2 when the stored token has less than this left, or there is none')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'amgctl;identity;rotate' {
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region''s only active one')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana')
            [CompletionResult]::new('--stack', '--stack', [CompletionResultType]::ParameterName, 'The stack''s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The AWS region, instead of the one of AWS''s own configuration')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'The profile of AWS''s own configuration')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait for a workspace that is being made or changed, 20m at most or as long as is said')
            [CompletionResult]::new('--role', '--role', [CompletionResultType]::ParameterName, 'What the token may do; what the stored one may do otherwise, and admin for a new secret')
            [CompletionResult]::new('--ttl', '--ttl', [CompletionResultType]::ParameterName, 'How long the token lives, 30d at most')
            [CompletionResult]::new('--overlap', '--overlap', [CompletionResultType]::ParameterName, 'How long the previous token stays once its successor is in the secret')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'The secret in Secrets Manager, by name or ARN; `auth.secret` of amgctl.yaml otherwise')
            [CompletionResult]::new('--secret-format', '--secret-format', [CompletionResultType]::ParameterName, 'What the secret holds: JSON that says what the token is, or the bare token; what it holds now otherwise, and JSON for a new secret')
            [CompletionResult]::new('--kms-key', '--kms-key', [CompletionResultType]::ParameterName, 'The KMS key of a new secret, by id, alias or ARN')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'A tag that the secret gets (may be repeated)')
            [CompletionResult]::new('--input', '--input', [CompletionResultType]::ParameterName, 'Whether to ask for what is missing; with false nothing is asked and the run refuses instead')
            [CompletionResult]::new('--adopt', '--adopt', [CompletionResultType]::ParameterName, 'Take over a secret that somebody else made, or that is another stack''s or for another workspace')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done, and do nothing')
            [CompletionResult]::new('--auto-approve', '--auto-approve', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the outcome as JSON; the token is never in it')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'amgctl;identity;prune' {
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'The workspace of Amazon Managed Grafana by id, unique name, ARN or endpoint, AMGCTL_WORKSPACE otherwise; without any, the region''s only active one')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana')
            [CompletionResult]::new('--stack', '--stack', [CompletionResultType]::ParameterName, 'The stack''s name, AMGCTL_STACK otherwise, instead of the one in amgctl.yaml')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The AWS region, instead of the one of AWS''s own configuration')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'The profile of AWS''s own configuration')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait for a workspace that is being made or changed, 20m at most or as long as is said')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'The secret that holds the stored token, by name or ARN; `auth.secret` of amgctl.yaml otherwise')
            [CompletionResult]::new('--overlap', '--overlap', [CompletionResultType]::ParameterName, 'How long a superseded token stays')
            [CompletionResult]::new('--input', '--input', [CompletionResultType]::ParameterName, 'Whether to ask for what is missing; with false nothing is asked and the run refuses instead')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done, and do nothing')
            [CompletionResult]::new('--auto-approve', '--auto-approve', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the outcome as JSON; the token is never in it')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'amgctl;identity;policy' {
            [CompletionResult]::new('--mode', '--mode', [CompletionResultType]::ParameterName, 'The job that the policy is for')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'The workspace''s id, ARN or endpoint')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The region')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'The number of the AWS account')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'The secret that holds the token, or that data sources refer to (may be repeated)')
            [CompletionResult]::new('--parameter', '--parameter', [CompletionResultType]::ParameterName, 'The parameter that data sources refer to (may be repeated)')
            [CompletionResult]::new('--kms-key', '--kms-key', [CompletionResultType]::ParameterName, 'The KMS key of the secrets and parameters, by id, alias or ARN')
            [CompletionResult]::new('--github', '--github', [CompletionResultType]::ParameterName, 'Print the roles of this repository''s GitHub Actions instead: one that applies on the branch, and one that plans on pull requests and only reads a stored token')
            [CompletionResult]::new('--environment', '--environment', [CompletionResultType]::ParameterName, 'The environment that the job names which applies, instead of a branch')
            [CompletionResult]::new('--github-ids', '--github-ids', [CompletionResultType]::ParameterName, 'The numbers of owner and repository, where they stand in the subjects of its tokens')
            [CompletionResult]::new('--viewer-secret', '--viewer-secret', [CompletionResultType]::ParameterName, 'The secret of the VIEWER''s token that pull requests plan with')
            [CompletionResult]::new('--any', '--any', [CompletionResultType]::ParameterName, 'Let every branch, tag and pull request apply')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'amgctl;workspace' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the workspaces of a region')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show what AWS says of one workspace')
            break
        }
        'amgctl;workspace;list' {
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The AWS region, instead of the one of AWS''s own configuration')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'The profile of AWS''s own configuration')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Ask the AWS of the embedded workspace; optionally as another version of Grafana')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'amgctl;workspace;show' {
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The AWS region, instead of the one of AWS''s own configuration')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'The profile of AWS''s own configuration')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Ask the AWS of the embedded workspace; optionally as another version of Grafana')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'amgctl;sandbox' {
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'The port on loopback; any that is free otherwise')
            [CompletionResult]::new('--grafana', '--grafana', [CompletionResultType]::ParameterName, 'The version of Grafana to answer as')
            [CompletionResult]::new('--latency', '--latency', [CompletionResultType]::ParameterName, 'Let every answer wait this long, as 20ms')
            [CompletionResult]::new('--fault', '--fault', [CompletionResultType]::ParameterName, 'Let something go wrong, as 502@3 or busy (may be repeated)')
            [CompletionResult]::new('--seed-dir', '--seed-dir', [CompletionResultType]::ParameterName, 'Begin with the dashboards of a directory; its sub-directories are folders')
            [CompletionResult]::new('--ephemeral', '--ephemeral', [CompletionResultType]::ParameterName, 'Keep nothing on disk')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'amgctl;schema' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'amgctl;completions' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end')
            [CompletionResult]::new('--no-color', '--no-color', [CompletionResultType]::ParameterName, 'Never use colour')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
