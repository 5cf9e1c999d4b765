package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"tipoff/bot"
	"tipoff/bot/config"
)

func (p *program) exportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print what is in force as a config.yaml: the file, with what people changed since",
		Long: `Print what is in force as a config.yaml: the file with its comments, and in it
the watches and sources as people changed them in chat and by commands. It reads
back the same, also while tipoff runs.

Secrets are not printed. ${NAME} stays as it is written; what is written out in
the file becomes a ${NAME}, and the first lines say which variables to set.`,
		Example: `  tipoff export > new.yaml && tipoff --config new.yaml check`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := p.logger()
			if err != nil {
				return err
			}
			out, err := bot.Export(cmd.Context(), p.configFile, log)
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
				_, err = p.load() // which says it for people
			}
			if err != nil {
				return err
			}
			for _, what := range out.Left {
				fmt.Fprintln(p.err, "tipoff:", what)
			}
			p.sayVariables(out.Variables)
			if !p.asJSON {
				fmt.Fprint(p.out, out.Text)
				return nil
			}
			line, err := out.JSON()
			if err != nil {
				return err
			}
			fmt.Fprintf(p.out, "%s\n", line)
			return nil
		},
	}
	cmd.Flags().BoolVar(&p.asJSON, "json", false, "print one JSON object")
	return cmd
}

func (p *program) sayVariables(all []config.Variable) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(p.err, "tipoff: %s not exported; set before you use it:\n", count(len(all), "secret is", "secrets are"))
	for _, v := range all {
		fmt.Fprintf(p.err, "  %s  (%s)\n", v.Name, v.Where)
	}
}
