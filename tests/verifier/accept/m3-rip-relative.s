# Twin of reject/m3-rip-relative.s, without the fault.
function f
        movl %gs:0(,%eiz), %ecx
        ret
end f
