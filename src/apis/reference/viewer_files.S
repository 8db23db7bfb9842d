/* Files as constants: what .incbin names is made by CMakeLists.txt (coffer_viewer). */
	.section .rodata
	.global coffer_viewer_script
	.global coffer_viewer_script_end
	.global coffer_viewer_style
	.global coffer_viewer_style_end
coffer_viewer_script:
	.incbin "swagger-ui-bundle.js.gz"
coffer_viewer_script_end:
coffer_viewer_style:
	.incbin "swagger-ui.css.gz"
coffer_viewer_style_end:
	.section .note.GNU-stack,"",%progbits
