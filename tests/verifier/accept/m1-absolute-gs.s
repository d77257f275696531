# Twin of reject/m1-absolute-gs.s, without the fault.
function f
        movl %gs:0x7fffffff(,%eiz), %ecx
        ret
end f
