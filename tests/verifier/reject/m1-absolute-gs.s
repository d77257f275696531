# M1. gs with a displacement alone is sign-extended: up to 2 GiB below the window.
function f
bad:    movl %gs:0x7fffffff, %ecx
        ret
end f
