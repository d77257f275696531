# M1. 67 alone reaches the absolute low 4 GiB: code, tables and the host.
function f
bad:    movl (%eax), %ecx
        ret
end f
