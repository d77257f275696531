# M3. The address of the code would become a guest value.
function f
bad:    leaq (%rip), %rcx
        ret
end f
