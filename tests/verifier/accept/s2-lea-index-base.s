# Twin of reject/s2-lea-index-base.s, without the fault.
function f
        leaq (%rbp,%rax), %rcx
        ret
end f
