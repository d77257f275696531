# Twin of reject/m3-lea-of-rip.s, without the fault.
function f
        leaq (%rax), %rcx
        ret
end f
